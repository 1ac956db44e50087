// Firecrest — terms read and written, against what Erlang and erlpack write
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestWire

@Suite("ETF terms")
struct ETFTermTests {
    /// Appendix A.3 of phoenix-channels.md: written by OTP 25.
    static let vectors: [(ETFTerm, String)] = [
        (.integer(255), "83 61 ff"),
        (.integer(256), "83 62 00000100"),
        (.integer(-1), "83 62 ffffffff"),
        (.integer(2_147_483_648), "83 6e 04 00 00000080"),
        (.integer(-2_147_483_649), "83 6e 04 01 01000080"),
        (.integer(-2_147_483_648), "83 62 80000000"),
        (.integer(Int128(UInt64.max)), "83 6e 08 00 ffffffffffffffff"),
        (.integer(1_700_000_000_000), "83 6e 06 00 0068e5cf8b01"),
        (.double(1.5), "83 46 3ff8000000000000"),
        (.atom("true"), "83 64 0004 74727565"),
        (.string("é"), "83 6d 00000002 c3a9"),
        (.list([]), "83 6a"),
        (.map([]), "83 74 00000000"),
        (
            .list([.null, .string("1"), .string("phoenix"), .string("heartbeat"), .map([])]),
            """
            83 6c 00000005 6400036e696c 6d0000000131 6d0000000770686f656e6978 6d00000009686561727462656174 \
            7400000000 6a
            """
        ),
    ]

    @Test("reads and writes what OTP 25 writes", arguments: vectors)
    func vector(_ term: ETFTerm, _ hexText: String) throws {
        #expect(try ETFTerm(decoding: bytes(hexText)) == term)
        let style = ETFStyle(atoms: .latin1, sparesJavaScript: false)
        #expect(hex(try term.encoded(style)) == hexText.filter { $0 != " " })
    }

    @Test("a list of small integers in Erlang's short form is a list")
    func byteList() throws {
        #expect(try ETFTerm(decoding: bytes("83 6b 0002 0102")) == .list([.integer(1), .integer(2)]))
    }

    @Test("2⁶⁴ has nine digits, one more than is read")
    func nineDigits() {
        #expect(termRefusal(of: "83 6e 09 00 0000000000000000 01") == .integerTooLong)
        #expect(termRefusal(of: "83 6f ffffffff 00 00") == .integerTooLong)
    }

    @Test(
        "nil, true and false are recognised in every form of atom",
        arguments: ["73 03", "64 0003", "77 03", "76 0003"])
    func atomForms(_ head: String) throws {
        #expect(try ETFTerm(decoding: bytes("83 \(head) 6e696c")) == .null)
    }

    @Test("writes atoms as erlpack, OTP 25 and OTP 26 do")
    func atomStyles() throws {
        let yes = ETFTerm.bool(true)
        #expect(hex(try yes.encoded(.client)) == "83730474727565")
        #expect(hex(try yes.encoded(.erlang)) == "83770474727565")
        #expect(hex(try ETFTerm.null.encoded(.client)) == "8373036e696c")
        #expect(hex(try ETFTerm.bool(false).encoded(.client)) == "83730566616c7365")
        let infinity = ETFTerm.atom("infinity")
        #expect(hex(try infinity.encoded(.init(atoms: .latin1, sparesJavaScript: false))) == "83640008696e66696e697479")
    }

    @Test("an atom beyond Latin-1 is written in the form that has it, one in Latin-1 is read as what it spells")
    func atomEncodings() throws {
        #expect(hex(try ETFTerm.atom("Ω").encoded(.client)) == "837702cea9")
        #expect(try ETFTerm(decoding: bytes("83 73 01 e9"), limits: .trusted) == .atom("é"))
        #expect(try ETFTerm(decoding: bytes("83 77 02 c3a9"), limits: .trusted) == .atom("é"))
        #expect(termRefusal(of: "83 77 01 e9", limits: .trusted) == .invalidUTF8)
    }

    @Test(
        "integers that JavaScript would read as text are doubles for clients, as far as these are exact",
        arguments: [
            (Int128(4_294_967_295), "836e0400ffffffff"),
            (4_294_967_296, "8346 41f0000000000000"),
            (-2_147_483_649, "8346 c1e0000000200000"),
            (9_007_199_254_740_992, "8346 4340000000000000"),
            (9_007_199_254_740_993, "836e0700 01000000000020"),
        ])
    func javaScript(_ value: Int128, _ expected: String) throws {
        #expect(hex(try ETFTerm.integer(value).encoded(.client)) == expected.filter { $0 != " " })
    }

    @Test("tuples, nested, as tokens have them")
    func tuples() throws {
        let token = ETFTerm.tuple([.string("u-42"), .integer(1_700_000_000_000), .integer(3_600)])
        let expected = "836803 6d00000004752d3432 6e06000068e5cf8b01 6200000e10".filter { $0 != " " }
        #expect(hex(try token.encoded()) == expected)
        #expect(try ETFTerm(decoding: bytes(expected)) == token)
        let large = ETFTerm.tuple(.init(repeating: .integer(1), count: 256))
        #expect(hex(try large.encoded()).hasPrefix("836900000100"))
        #expect(termRefusal(of: hex(try large.encoded())) == .tupleTooLarge)
    }

    @Test("maps keep their order, and keys of any kind where that is asked for")
    func maps() throws {
        let map = ETFTerm.map([
            .init(.atom("data"), .integer(1)), .init(.tuple([.integer(1)]), .null), .init(.string("data"), .null),
        ])
        let bytes = try map.encoded()
        #expect(try ETFTerm(decoding: bytes, limits: .trusted) == map)
        #expect(map["data"] == .integer(1))
        #expect(termRefusal(of: hex(bytes), limits: ETFLimits(atoms: .text)) == .badKey)
    }

    @Test("a number as text is read as Erlang wrote it long ago")
    func textFloat() throws {
        var buffer = ByteBuffer(bytes: [131, 99])
        buffer.writeString("1.50000000000000000000e+00")
        buffer.writeRepeatingByte(0, count: 5)
        #expect(try ETFTerm(decoding: buffer) == .double(1.5))
        var bad = ByteBuffer(bytes: [131, 99])
        bad.writeString("infinity")
        bad.writeRepeatingByte(0, count: 23)
        #expect(termRefusal(of: hex(bad)) == .badFloat)
    }

    @Test("what the writer cannot write leaves the buffer as it was")
    func unwritable() {
        var deep = ETFTerm.list([])
        for _ in 0..<1_024 { deep = .list([deep]) }
        let atom = ETFTerm.atom(String(repeating: "a", count: 256))
        for (term, code) in [
            (.double(.nan), .badFloat), (.double(.infinity), .badFloat), (.integer(1 << 64), .integerTooLong),
            (deep, .tooDeep), (atom, .atomTooLong),
        ] as [(ETFTerm, ETFError.Code)] {
            var buffer = ByteBuffer(string: "x")
            do throws(ETFError) {
                try ETFTerm.list([.integer(1), term]).write(into: &buffer)
                Issue.record("written")
            } catch {
                #expect(error.code == code)
            }
            #expect(buffer == ByteBuffer(string: "x"))
        }
    }

    @Test("an integral double is an integer to whoever needs one, and nothing else is")
    func integers() {
        #expect(ETFTerm.double(1_700_000_000_000).intValue == 1_700_000_000_000)
        #expect(ETFTerm.double(1.5).intValue == nil)
        #expect(ETFTerm.double(1e300).intValue == nil)
        #expect(ETFTerm.integer(Int128(UInt64.max)).intValue == nil)
        #expect(ETFTerm.string("5").intValue == nil)
    }
}
