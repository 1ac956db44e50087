// Firecrest — refs, kept exactly as they came
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import Testing

@Suite("Ref")
struct RefTests {
    @Test("the type belongs to the value: \"10\", 10 and null are three refs")
    func equality() {
        #expect(Ref(json: "\"10\"") != Ref(json: "10"))
        #expect(Ref(json: "null") != Ref(json: "\"null\""))
        #expect(Ref("10") == Ref(json: "\"10\""))
        #expect(Ref.null == Ref(json: "null"))
        #expect(Set([Ref("1"), Ref("1"), Ref(json: "1"), .null]).count == 3)
    }

    @Test(
        "as text it is without quotes, and null is nothing",
        arguments: [
            ("\"7\"", "7"), ("7", "7"), ("null", ""), ("\"\"", ""), ("\"null\"", "null"), ("[1]", "[1]"), ("\"", "\""),
            ("\"\u{301}a\u{301}\"", "\u{301}a\u{301}"), ("\"a\\\"b\"", "a\"b"), ("\"\\u00e9\"", "é"), ("\"\\", "\"\\"),
        ])
    func text(json: String, text: String) {
        let ref = Ref(json: json)
        #expect(ref.plainText == text)
        #expect(ref.description == json)
        #expect(ref.isNull == (json == "null"))
    }

    @Test(
        "plain text becomes a JSON string, and nothing becomes null",
        arguments: [
            ("7", "\"7\""), ("\u{301}", "\"\u{301}\""), ("", "null"), ("null", "\"null\""), ("a\"\\b", #""a\"\\b""#),
            ("\n", #""\n""#),
        ])
    func plainText(text: String, json: String) {
        let ref = Ref(plainText: text)
        #expect(ref.json == json)
        #expect(ref.plainText == text)
    }
}
