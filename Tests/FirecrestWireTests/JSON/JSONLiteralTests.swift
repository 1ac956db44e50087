// Firecrest — tests of the comparison of JSON literals with text.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import Testing

@Suite struct JSONLiteralTests {
    private func isLiteral(_ json: String, of text: String) -> Bool { json.utf8.span.isLiteral(of: text) }

    @Test(arguments: ["", "a", "room:1", "seventy", "eighteen", "nineteen9", "room:with:a:long:name", "caf\u{E9}"])
    func a_literal_is_the_text_between_its_quotes(text: String) {
        #expect(isLiteral("\"\(text)\"", of: text))
        #expect(!isLiteral("\"\(text)x\"", of: text))
        #expect(!isLiteral("\"\(text)\"", of: text + "x"))
        #expect(!isLiteral("\"x\(text.dropFirst())\"", of: text))
    }

    @Test(arguments: 0..<20) func every_byte_counts(place: Int) {
        let text = String(repeating: "a", count: 20)
        var other = Array(text.utf8)
        other[place] = UInt8(ascii: "b")
        #expect(!isLiteral("\"\(text)\"", of: String(decoding: other, as: UTF8.self)))
    }

    @Test func other_values_are_no_text() {
        for value in ["12", "null", "true", "[]", "{}", "[1]"] {
            #expect(!isLiteral(value, of: String(value.dropFirst().dropLast())))
            #expect(!isLiteral(value, of: value))
        }
    }

    /// The bytes of an escape may be those of a name that has a backslash: it stands for something else.
    @Test func an_escape_is_never_taken_as_it_stands() {
        #expect(!isLiteral(#""a\tb""#, of: #"a\tb"#))
        #expect(!isLiteral(#""a\tb""#, of: "a\tb"))
        #expect(!isLiteral(#""\u0061""#, of: "a"))
        #expect(!isLiteral(#""eight:7\\""#, of: #"eight:7\\"#))
    }

    /// To Swift both are one text; on the wire they are two.
    @Test func two_spellings_of_an_accent_differ() {
        #expect(!isLiteral("\"caf\u{E9}\"", of: "cafe\u{301}"))
    }

    @Test func bytes_are_equal_or_not() {
        func isEqual(_ bytes: String, to text: String) -> Bool { bytes.utf8.span.isEqual(to: text) }
        #expect(isEqual("null", to: "null"))
        #expect(isEqual("", to: ""))
        #expect(!isEqual("null", to: "nul"))
        #expect(!isEqual("null", to: "nulL"))
    }
}
