// Firecrest — string literals to strings
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestWire

@Suite("JSON string decoding")
struct JSONStringTests {
    @Test(
        "decodes a literal (RFC 8259 §7)",
        arguments: [
            (#""""#, ""), (#""room:lobby""#, "room:lobby"), (#""é😀""#, "é😀"), (#""a\nb""#, "a\nb"),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\u0000""#, "\u{0}"),
            (#""\uD83D\uDE00""#, "😀"), (#""12345678\n12345678\n""#, "12345678\n12345678\n"),
            (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
            (#""\ud800\udc00""#, "\u{10000}"), (#""\\u0041""#, "\\u0041"),
        ])
    func decodes(_ literal: String, _ text: String) {
        #expect(decodedUTF8(Array(literal.utf8)) == Array(text.utf8))
    }

    @Test(
        "gives nil for anything else, validated or not",
        arguments: [
            "", "\"", "1", "null", "{}", "[\"a\"]", "a\"", "\"a", #""a"b""#, #""\""#, #""\q""#, #""\u12""#,
            #""\ud800""#,
            #""\udc00""#, #""\ud800\u0041""#, "\"\u{1}\"", "\"a\\n\u{1}\"", #" "a""#, #""\ud800\""#, #""\u004"#,
        ])
    func others(_ text: String) {
        #expect(decodedUTF8(Array(text.utf8)) == nil)
    }

    @Test("gives nil for bytes that are no UTF-8, with an escape before them or without")
    func invalidUTF8() {
        for prefix in ["", "\\n"] {
            for body: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x80]] {
                #expect(decodedUTF8(Array("\"\(prefix)".utf8) + body + Array("\"".utf8)) == nil)
            }
        }
        // Half a character on each side of an escape is not a character.
        #expect(decodedUTF8([0x22, 0xC3, 0x5C, 0x6E, 0xA9, 0x22]) == nil)
    }
}
