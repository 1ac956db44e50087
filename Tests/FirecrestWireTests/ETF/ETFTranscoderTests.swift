// Firecrest — terms as JSON, JSON as terms, and terms that every client reads
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestWire

@Suite("ETF transcoding")
struct ETFTranscoderTests {
    @Test(
        "terms as JSON (§10.2)",
        arguments: [
            ("77036e696c", "null"), ("64 0004 6e756c6c", "null"), ("7709 756e646566696e6564", "null"),
            ("730474727565", "true"), ("770566616c7365", "false"), ("7703666f6f", #""foo""#), ("7301e9", #""é""#),
            ("61ff", "255"), ("62ffffffff", "-1"), ("6e0400ffffffff", "4294967295"),
            ("6e0800ffffffffffffffff", "18446744073709551615"), ("6e0801ffffffffffffffff", "-18446744073709551615"),
            ("6e0100 05", "5"), ("6f00000001 00 05", "5"), ("6e0000", "0"),
            ("46 3ff8000000000000", "1.5"), ("46 4014000000000000", "5"), ("46 8000000000000000", "-0.0"),
            ("46 4340000000000000", "9007199254740992"), ("46 4340000000000001", "9.007199254740994e+15"),
            ("46 4415af1d78b58c40", "1e+20"), ("46 0000000000000000", "0"),
            ("6d00000002c3a9", #""é""#), (#"6d00000003 220a5c"#, #""\"\n\\""#), ("6d00000000", #""""#),
            ("6a", "[]"), ("6b0003010203", "[1,2,3]"), ("6b0000", "[]"), ("6800", "[]"),
            ("6c00000002 6101 6102 6a", "[1,2]"), ("6c00000000 6a", "[]"), ("6802 6101 6a", "[1,[]]"),
            ("69 00000001 6101", "[1]"), ("7400000000", "{}"),
            ("7400000002 6d0000000161 6101 6d0000000162 6a", #"{"a":1,"b":[]}"#),
            ("7400000003 6101 6101 73036e696c 6102 46 3ff8000000000000 6103", #"{"1":1,"nil":2,"1.5":3}"#),
            ("7400000001 6d0000000161 7400000001 6d0000000162 6a", #"{"a":{"b":[]}}"#),
            ("6c00000003 7400000000 6a 6800 6a", "[{},[],[]]"),
        ])
    func json(_ term: String, _ json: String) throws {
        var buffer = ByteBuffer(string: "x")
        try ETFTranscoder.writeJSON(of: bytes(term).readableBytesUInt8Span, into: &buffer)
        #expect(String(buffer: buffer) == "x" + json)
        try JSONValidator.validate(json.utf8.span)
    }

    @Test(
        "JSON as terms (§10.2)",
        arguments: [
            ("null", "73036e696c"), ("true", "730474727565"), (" false ", "730566616c7365"), ("0", "6100"),
            ("255", "61ff"), ("256", "6200000100"), ("-1", "62ffffffff"), ("-2147483648", "6280000000"),
            ("2147483648", "6e040000000080"), ("4294967295", "6e0400ffffffff"), ("4294967296", "4641f0000000000000"),
            ("-2147483649", "46c1e0000000200000"), ("9007199254740993", "6e070001000000000020"),
            ("18446744073709551615", "6e0800ffffffffffffffff"), ("18446744073709551616", "4643f0000000000000"),
            ("-9223372036854775808", "6e08010000000000000080"), ("1.5", "463ff8000000000000"),
            ("1e2", "464059000000000000"), ("-0", "6100"), ("5.0", "464014000000000000"),
            (#""é""#, "6d00000002c3a9"), (#""\u00e9\n""#, "6d00000003c3a90a"), (#""""#, "6d00000000"),
            ("[]", "6a"), ("[ ]", "6a"), ("[1]", "6c0000000161016a"), ("[[],{}]", "6c000000026a74000000006a"),
            ("{}", "7400000000"), (#"{"a" : 1}"#, "74000000016d00000001616101"),
            (#"{"a":{"a":[]},"b":""}"#, "74000000026d000000016174000000016d00000001616a6d00000001626d00000000"),
        ])
    func term(_ json: String, _ term: String) throws {
        var buffer = ByteBuffer()
        try ETFTranscoder.writeTerm(ofJSON: json.utf8.span, into: &buffer)
        #expect(hex(buffer) == term)
    }

    @Test("what has no form leaves the buffer as it was")
    func refused() {
        var buffer = ByteBuffer(string: "x")
        let before = buffer
        func code(_ body: (inout ByteBuffer) throws -> Void) -> ETFError.Code? {
            do {
                try body(&buffer)
                return nil
            } catch {
                return (error as? ETFError)?.code
            }
        }
        let latin1 = bytes("6c00000002 6101 6d00000001e9 6a")
        #expect(code { try ETFTranscoder.writeJSON(of: latin1.readableBytesUInt8Span, into: &$0) } == .invalidUTF8)
        let rest = bytes("6a6a")
        #expect(code { try ETFTranscoder.writeJSON(of: rest.readableBytesUInt8Span, into: &$0) } == .trailingBytes)
        for (json, expected) in [
            (#"{"a":1,"a":2}"#, ETFError.Code.duplicateKey), (#"{"a":1,"\u0061":2}"#, .duplicateKey),
            (#"[{"a":{"b":1,"b":2}}]"#, .duplicateKey), ("", .unexpectedEnd), ("[1", .unexpectedEnd),
            ("]", .unexpectedEnd), ("1 2", .trailingBytes), ("\"a", .unexpectedEnd), ("1e999", .badFloat),
        ] {
            #expect(code { try ETFTranscoder.writeTerm(ofJSON: json.utf8.span, into: &$0) } == expected, "\(json)")
        }
        #expect(buffer == before)
    }

    @Test(
        "what JavaScript would not read as it is, is written anew",
        arguments: [
            ("77036e696c", "73036e696c"), ("7709756e646566696e6564", "73036e696c"), ("760004 74727565", "730474727565"),
            ("6e0401 01000080", "46c1e0000000200000"), ("6e0500 0000000001", "4641f0000000000000"),
            ("6e080005000000 00000000", "6105"),
            ("6c00000001 77036e696c 6a", "6c00000001 73036e696c 6a"),
            ("6802 7704 74727565 6b000101", "6802 730474727565 6b000101"),
            ("7400000001 6d0000000161 77036e696c", "7400000001 6d0000000161 73036e696c"),
        ])
    func portable(_ term: String, _ expected: String) throws {
        let term = bytes(term)
        var versioned = ByteBuffer(bytes: [131])
        versioned.writeImmutableBuffer(term)
        #expect(try !ETFScanner.validate(versioned.readableBytesUInt8Span))
        var buffer = ByteBuffer()
        try ETFTranscoder.writePortable(term.readableBytesUInt8Span, into: &buffer)
        #expect(hex(buffer) == expected.filter { $0 != " " })
    }

    @Test(
        "what it reads stays as it is",
        arguments: [
            "73036e696c", "64 0004 6e756c6c", "61ff", "6e0400ffffffff", "6e0800ffffffffffffffff", "6802 6a 6b0001 01",
            "46 3ff8000000000000", "6d00000001ff", "7400000001 6101 6a",
        ])
    func alreadyPortable(_ term: String) throws {
        #expect(try ETFScanner.validate(bytes("83" + term).readableBytesUInt8Span))
    }

    @Test("the parts of a message are found, and one beyond five is validated and ignored")
    func envelope() throws {
        let frame = bytes("83 6c00000006 73036e696c 6d0000000131 6d0000000161 6d0000000162 7400000000 6105 6a")
        let envelope = try ETFScanner.scanList(frame.readableBytesUInt8Span)
        #expect(envelope.joinRef == 6..<11)
        #expect(envelope.ref == 11..<17)
        #expect(envelope.payload == 29..<34)
        #expect(envelope.isPortable)
        let span = frame.readableBytesUInt8Span
        #expect(ETFScanner.part(envelope.joinRef, of: span) == .null)
        #expect(ETFScanner.part(envelope.ref, of: span) == .binary(16..<17))
        #expect(ETFScanner.part(envelope.payload, of: span) == .other)
    }

    @Test(
        "what is no message",
        arguments: [
            ("83 6a", ETFError.Code.notAList), ("83 6805 6a6a6a6a6a", .notAList), ("83 6b0005 0102030405", .notAList),
            ("83 6c00000004 6a6a6a6a 6a", .tooFewElements), ("83 6c00000005 6a6a6a6a6a 6101", .improperList),
            ("83 6c00000005 6a6a6a6a6a 6a 00", .trailingBytes), ("83 6c00000006 6a6a6a6a6a 70 6a", .unsupportedTag),
        ])
    func noEnvelope(_ frame: String, _ code: ETFError.Code) {
        do throws(ETFError) {
            _ = try ETFScanner.scanList(bytes(frame).readableBytesUInt8Span)
            Issue.record("taken")
        } catch {
            #expect(error.code == code)
        }
    }
}
