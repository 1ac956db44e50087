// Firecrest — how long the parts of an envelope may be, and how deep its JSON
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("Message limits")
struct MessageLimitsTests {
    static func both(_ limits: MessageLimits = MessageLimits()) -> [any Serializer] {
        [V1JSONSerializer(limits: limits), V2JSONSerializer(limits: limits)]
    }

    /// A message with the given JSON in each place, in the form of `serializer`.
    static func text(
        _ serializer: any Serializer, joinRef: String = "null", ref: String = "null", topic: String = #""t""#,
        event: String = #""e""#, payload: String = "{}"
    ) -> String {
        serializer is V1JSONSerializer
            ? #"{"join_ref":\#(joinRef),"ref":\#(ref),"topic":\#(topic),"event":\#(event),"payload":\#(payload)}"#
            : "[\(joinRef),\(ref),\(topic),\(event),\(payload)]"
    }

    static func string(_ count: Int) -> String { "\"" + String(repeating: "x", count: count) + "\"" }

    @Test("a ref of 256 bytes of JSON text is taken, of 257 not")
    func refs() throws {
        for serializer in Self.both() {
            let (longest, tooLong) = (Self.string(254), Self.string(255))
            #expect(try serializer.decode(Self.text(serializer, ref: longest)).ref.json == longest)
            #expect(try serializer.decode(Self.text(serializer, joinRef: longest)).joinRef.json == longest)
            #expect(serializer.refusal(Self.text(serializer, ref: tooLong)) == .refTooLong)
            #expect(serializer.refusal(Self.text(serializer, joinRef: tooLong)) == .refTooLong)
            #expect(serializer.refusal(Self.text(serializer, ref: "[\(Self.string(300))]")) == .refTooLong)
        }
    }

    @Test("a topic has 1,024 bytes at most, an event too")
    func defaults() throws {
        for serializer in Self.both() {
            let longest = Self.string(1_024)
            let tooLong = Self.string(1_025)
            #expect(try serializer.decode(Self.text(serializer, topic: longest)).parts[2].utf8.count == 1_024)
            #expect(try serializer.decode(Self.text(serializer, event: longest)).event.utf8.count == 1_024)
            #expect(serializer.refusal(Self.text(serializer, topic: tooLong)) == .topicTooLong)
            #expect(serializer.refusal(Self.text(serializer, event: tooLong)) == .eventTooLong)
        }
    }

    @Test("what counts is the name, not how it is escaped: six bytes may stand for one")
    func escapes() throws {
        var limits = MessageLimits()
        limits.maxTopicBytes = 10
        limits.maxEventBytes = 10
        for serializer in Self.both(limits) {
            let ten = "\"" + String(repeating: #"\u0061"#, count: 10) + "\""
            let eleven = "\"" + String(repeating: #"\u0061"#, count: 11) + "\""
            #expect(try serializer.decode(Self.text(serializer, topic: ten)).parts[2] == "aaaaaaaaaa")
            #expect(try serializer.decode(Self.text(serializer, event: ten)).event == "aaaaaaaaaa")
            #expect(serializer.refusal(Self.text(serializer, topic: eleven)) == .topicTooLong)
            #expect(serializer.refusal(Self.text(serializer, event: eleven)) == .eventTooLong)
            // Bytes of UTF-8, not characters.
            #expect(serializer.refusal(Self.text(serializer, topic: #""ääääää""#)) == .topicTooLong)
        }
    }

    @Test("a topic that is no string is held to the limit too: it is kept and sent back")
    func otherTopics() {
        for serializer in Self.both() {
            let array = "[" + Self.string(7_000) + "]"
            #expect(serializer.refusal(Self.text(serializer, topic: array)) == .topicTooLong)
        }
    }

    @Test("JSON nests 128 deep, the envelope included")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        for serializer in Self.both() {
            #expect(serializer.refusal(Self.text(serializer, payload: nested(127))) == nil)
            #expect(serializer.refusal(Self.text(serializer, payload: nested(128))) == .invalidJSON)
            #expect(serializer.refusal(Self.text(serializer, payload: nested(100_000))) == .invalidJSON)
        }
        var limits = MessageLimits()
        limits.maxJSONDepth = 3
        for serializer in Self.both(limits) {
            #expect(serializer.refusal(Self.text(serializer, payload: nested(2))) == nil)
            #expect(serializer.refusal(Self.text(serializer, payload: nested(3))) == .invalidJSON)
        }
    }

    @Test("a refusal is a code and a sentence short enough for a close frame, without the client's bytes in it")
    func sentences() {
        for serializer in Self.both() {
            for text in [
                Self.text(serializer, ref: Self.string(300)), Self.text(serializer, topic: Self.string(5_000)),
                Self.text(serializer, event: Self.string(5_000)), Self.text(serializer, payload: "{xxx}"), "[]", "{}",
                "",
            ] {
                let error = #expect(throws: ProtocolError.self) { try serializer.decode(text) }
                #expect((error?.description.utf8.count ?? 0) <= 123)
                #expect(error?.description.contains("xxx") == false)
            }
        }
    }
}
