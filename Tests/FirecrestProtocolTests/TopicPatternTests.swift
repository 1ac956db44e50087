// Firecrest — which topics a pattern takes, and which patterns cannot work
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import Testing

@Suite("Topic pattern")
struct TopicPatternTests {
    @Test(
        "matches itself, or everything with its prefix",
        arguments: [
            ("room:lobby", "room:lobby", true),
            ("room:lobby", "room:lobby2", false),
            ("room:lobby", "room:", false),
            ("room:*", "room:1", true),
            ("room:*", "room:", true),
            ("room:*", "room", false),
            ("room:*", "rooms:1", false),
            ("foo*", "foo", true),
            ("foo*", "food:1", true),
            ("foo*", "fo", false),
            ("*", "", true),
            ("*", "anything:at:all", true),
            ("", "", true),
            ("", "a", false),
            ("grüße:*", "grüße:1", true),
            // Bytes count, not what looks alike.
            ("caf\u{E9}", "caf\u{E9}", true),
            ("caf\u{E9}", "cafe\u{301}", false),
            ("cafe*", "cafe\u{301}", true),
        ])
    func matches(pattern: String, topic: String, isMatch: Bool) throws {
        #expect(try TopicPattern(pattern).matches(topic) == isMatch)
    }

    @Test(
        "with a * that is not its last byte, or with two, it is refused",
        arguments: ["a*b", "*a", "a**", "**", "room:*:x", "*:*", "a*\u{301}"])
    func refused(pattern: String) {
        let error = #expect(throws: TopicPatternError.self) { try TopicPattern(pattern) }
        #expect(error?.pattern == pattern)
        #expect(error?.description.contains("\"\(pattern)\"") == true)
    }

    @Test("reads as it was written", arguments: ["room:*", "room:lobby", "*", ""])
    func description(pattern: String) throws {
        #expect(try TopicPattern(pattern).description == pattern)
    }

    @Test(
        "a topic's subtopic is what follows the first colon",
        arguments: [
            ("a:\u{301}b", "\u{301}b"), ("room:lobby", "lobby"), ("room:a:b", "a:b"), ("room:", ""), ("room", ""),
            (":x", "x"),
        ])
    func subtopic(topic: String, subtopic: String) {
        #expect(Topic(topic).subtopic == subtopic)
    }
}
