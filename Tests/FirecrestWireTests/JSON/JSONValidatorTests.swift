// Firecrest — which bytes are JSON: the grammar of RFC 8259 as tables
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestWire

@Suite("JSON validator")
struct JSONValidatorTests {
    @Test(
        "accepts each kind of value, at the top level too (§2, §3)",
        arguments: [
            "null", "true", "false", "0", "-0", "12", "\"\"", "\"a\"", "[]", "{}", "[[]]", "{\"a\":{}}", "[{}]",
            "[1]", "[1,2]", "[null,true,false]", "{\"a\":1}", "{\"a\":1,\"b\":[2,{\"c\":null}]}", "{\"\":0}",
            "{\"a\":1,\"a\":2}", "[[[]],[],{}]", "{\"a\":[]}", "[\"]\",\"}\"]",
        ])
    func value(_ text: String) {
        #expect(refusal(of: text) == nil)
    }

    @Test(
        "accepts whitespace between tokens and around the value (§2)",
        arguments: [
            " 1", "1 ", "\t\r\n 1 \t\r\n", " [ ] ", " { } ", "[ 1 , 2 ]", "{ \"a\" : 1 , \"b\" : 2 }", "[\n\t[\r]\n]",
        ])
    func whitespace(_ text: String) {
        #expect(refusal(of: text) == nil)
    }

    @Test(
        "accepts no other whitespace (§2)",
        arguments: ["\u{0B}1", "\u{0C}1", "\u{A0}1", "\u{2028}1", "[1\u{0C}]", "\u{1F}1", "\u{00}1", "\u{FEFF}1"])
    func otherWhitespace(_ text: String) {
        #expect(refusal(of: text) == .unexpectedByte)
    }

    @Test(
        "accepts numbers (§6)",
        arguments: [
            "0", "-0", "1", "-1", "10", "1234567890", "9223372036854775807", "9223372036854775808",
            "123456789012345678901234567890", "0.0", "0.5", "-0.5", "1.0", "10.25", "0e0", "0e400",
            "0.0e999999999999999999999",
            "1e0", "1E0", "1e+0", "1e-0", "1e00", "1e007", "123.456e-78", "1e308", "1.7976931348623157e308",
            "1e-400", "1e-99999999999999999999", "-1e-400", "0.00000000000000000001e320",
        ])
    func number(_ text: String) {
        #expect(refusal(of: text) == nil)
        #expect(refusal(of: "[\(text)]") == nil)
    }

    @Test(
        "refuses what only looks like a number (§6)",
        arguments: [
            ("-", .unexpectedEnd), ("1.", .unexpectedEnd), ("1e", .unexpectedEnd), ("1e+", .unexpectedEnd),
            ("[-]", .badNumber), ("[1.]", .badNumber), ("[1e]", .badNumber), ("[1e+]", .badNumber),
            ("[1.e1]", .badNumber),
            ("00", .badNumber), ("01", .badNumber), ("-01", .badNumber), ("-00", .badNumber), ("01.5", .badNumber),
            ("-a", .badNumber), ("--1", .badNumber), ("1e-+1", .badNumber),
            ("+1", .unexpectedByte), (".5", .unexpectedByte), ("-.5", .badNumber), ("NaN", .unexpectedByte),
            ("Infinity", .unexpectedByte), ("-Infinity", .badNumber), ("1_000", .trailingBytes),
            ("0x10", .trailingBytes),
            ("1.2.3", .trailingBytes), ("1e1.5", .trailingBytes), ("1 2", .trailingBytes), ("1-", .trailingBytes),
            ("１", .unexpectedByte),
        ] as [(String, JSONError.Code)])
    func notNumber(_ text: String, _ code: JSONError.Code) {
        #expect(refusal(of: text) == code)
    }

    @Test(
        "accepts strings (§7)",
        arguments: [
            #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9\u00E9\uFFFF""#, #""\ud83d\ude00""#, #""\uD83D\uDE00x""#,
            "\"é\"", "\"😀\"", "\"\u{7F}\"", "\"\u{2028}\u{2029}\"", "\"/\"", "\"12345678\"", "\"1234567\\n\"",
            "\"12345678\\n12345678\"", #""a\\""#, #"["\\","\""]"#,
        ])
    func string(_ text: String) {
        #expect(refusal(of: text) == nil)
    }

    @Test(
        "refuses malformed strings (§7)",
        arguments: [
            ("\"", .unexpectedEnd), ("\"abc", .unexpectedEnd), ("\"12345678", .unexpectedEnd),
            (#""\""#, .unexpectedEnd),
            (#""\"#, .unexpectedEnd), (#""\u"#, .unexpectedEnd), (#""\u12"#, .unexpectedEnd), (#""\a""#, .badEscape),
            (#""\x41""#, .badEscape), (#""\'""#, .badEscape), (#""\0""#, .badEscape), (#""\U0041""#, .badEscape),
            (#""\u12G4""#, .badEscape), (#""\u 041""#, .badEscape), (#""\u""#, .badEscape), (#""\u004""#, .badEscape),
            (#""\u+041""#, .badEscape), (#""\é""#, .badEscape), ("'a'", .unexpectedByte), ("a", .unexpectedByte),
            ("\"a\" \"", .trailingBytes), ("\"a\"\"b\"", .trailingBytes),
        ] as [(String, JSONError.Code)])
    func notString(_ text: String, _ code: JSONError.Code) {
        #expect(refusal(of: text) == code)
    }

    @Test("refuses each control character, at each place in a word of eight (§7)")
    func controlCharacters() {
        for control in UInt8(0)..<0x20 {
            for place in 0..<17 {
                var bytes = Array("\"".utf8) + Array(repeating: UInt8(ascii: "x"), count: 17) + Array("\"".utf8)
                bytes[1 + place] = control
                #expect(validationError(of: bytes) == JSONError(.controlCharacter, at: 1 + place))
            }
        }
    }

    @Test("lets every other byte stand in a string, at each place in a word of eight: UTF-8 is checked elsewhere")
    func otherBytes() {
        for byte in UInt8(0x20)...0xFF where byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") {
            for place in 0..<9 {
                var bytes = Array("\"".utf8) + Array(repeating: UInt8(ascii: "x"), count: 9) + Array("\"".utf8)
                bytes[1 + place] = byte
                #expect(refusal(of: bytes) == nil)
            }
        }
    }

    @Test(
        "refuses half a surrogate pair (§8.2)",
        arguments: [
            #""\ud800""#, #""\uDBFF""#, #""\udc00""#, #""\uDFFF""#, #""\ud800\n""#, #""\ud800x\udc00""#,
            #""\ud800\ud800""#, #""\ud800\u0041""#, #""\udc00\ud800""#, #""\ud83d\ude00\ude00""#, #""\ud83d      ""#,
        ])
    func loneSurrogate(_ text: String) {
        #expect(refusal(of: text) == .loneSurrogate)
    }

    @Test(
        "refuses malformed arrays and objects (§4, §5)",
        arguments: [
            ("[", .unexpectedEnd), ("[1", .unexpectedEnd), ("[1,", .unexpectedEnd), ("{", .unexpectedEnd),
            ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd), ("{\"a\":1", .unexpectedEnd),
            ("{\"a\":1,", .unexpectedEnd), ("]", .unexpectedByte), ("}", .unexpectedByte), (",", .unexpectedByte),
            (":", .unexpectedByte), ("[1,]", .unexpectedByte), ("[,1]", .unexpectedByte), ("[1,,2]", .unexpectedByte),
            ("[1 2]", .unexpectedByte), ("[1:2]", .unexpectedByte), ("[1}", .unexpectedByte), ("{]", .unexpectedByte),
            ("[}", .unexpectedByte), ("{\"a\":1]", .unexpectedByte), ("{\"a\":1,}", .unexpectedByte),
            ("{,}", .unexpectedByte), ("{\"a\"}", .unexpectedByte), ("{\"a\":}", .unexpectedByte),
            ("{:1}", .unexpectedByte),
            ("{1:1}", .unexpectedByte), ("{a:1}", .unexpectedByte), ("{'a':1}", .unexpectedByte),
            ("{null:1}", .unexpectedByte), ("{\"a\",1}", .unexpectedByte), ("{\"a\"::1}", .unexpectedByte),
            ("{\"a\":1 \"b\":2}", .unexpectedByte), ("[1]]", .trailingBytes), ("{}}", .trailingBytes),
            ("[][]", .trailingBytes),
            ("[1],", .trailingBytes), ("[1]/**/", .trailingBytes), ("[1/**/]", .unexpectedByte),
            ("{\"a\":1//\n}", .unexpectedByte),
        ] as [(String, JSONError.Code)])
    func notContainer(_ text: String, _ code: JSONError.Code) {
        #expect(refusal(of: text) == code)
    }

    @Test(
        "refuses what is no value (§3)",
        arguments: [
            ("", .unexpectedEnd), (" \n", .unexpectedEnd), ("nul", .unexpectedEnd), ("tru", .unexpectedEnd),
            ("fals", .unexpectedEnd), ("nulL", .unexpectedByte), ("True", .unexpectedByte), ("NULL", .unexpectedByte),
            ("undefined", .unexpectedByte), ("[nul]", .unexpectedByte), ("[tru,1]", .unexpectedByte),
            ("nulls", .trailingBytes), ("true false", .trailingBytes), ("null\u{0}", .trailingBytes),
            ("é", .unexpectedByte),
        ] as [(String, JSONError.Code)])
    func notValue(_ text: String, _ code: JSONError.Code) {
        #expect(refusal(of: text) == code)
    }

    @Test(
        "says at which byte",
        arguments: [
            ("", 0), ("[1,]", 3), ("  x", 2), ("{\"a\" 1}", 5), ("[true,flase]", 7), ("\"ab\u{1}\"", 3),
            (#"["\q"]"#, 3),
            (#"["\u00g0"]"#, 6), (#"["x\ud800"]"#, 3), ("[1,01]", 3), ("[1] x", 4), ("[1,1e999]", 3),
        ])
    func offset(_ text: String, _ offset: Int) {
        #expect(validationError(of: Array(text.utf8))?.offset == offset)
    }

    @Test("explains each refusal in a sentence that holds no input")
    func sentences() {
        #expect(
            JSONError(.tooDeep, at: 128, limit: 128).description
                == "JSON is nested deeper than the limit of 128 levels at byte 128.")
        #expect(JSONError(.unexpectedEnd, at: 3).description == "The JSON value is not finished at byte 3.")
        let sentences = Set(JSONError.Code.allCases.map { JSONError($0, at: 0, limit: 1).description })
        #expect(sentences.count == JSONError.Code.allCases.count)
    }
}
