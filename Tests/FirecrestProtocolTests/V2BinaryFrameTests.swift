// Firecrest — bytes behind a small header: the binary half of serializer 2.0.0
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("V2 serializer, binary frames")
struct V2BinaryFrameTests {
    let serializer = V2JSONSerializer()

    private func decode(_ bytes: [UInt8]) throws -> Message {
        // Not at the start of its buffer, as a message that was read from a socket.
        var buffer = ByteBuffer(string: "....")
        buffer.moveReaderIndex(forwardBy: 4)
        buffer.writeBytes(bytes)
        return try serializer.decode(buffer, kind: .binary)
    }

    private func encode(_ message: OutboundMessage) throws -> [UInt8] {
        var buffer = ByteBuffer(string: "header")
        #expect(try serializer.encode(message, into: &buffer) == .binary)
        #expect(buffer.readString(length: 6) == "header")
        #expect(buffer.readableBytes <= serializer.sizeHint(message))
        return Array(buffer.readableBytesView)
    }

    private static func push(
        _ joinRef: String, _ ref: String, _ topic: String, _ event: String, _ data: [UInt8]
    ) -> [UInt8] {
        [0] + [joinRef, ref, topic, event].map { UInt8($0.utf8.count) }
            + Array((joinRef + ref + topic + event).utf8) + data
    }

    @Test("a client's push, as appendix A.1 has it")
    func decodesVector() throws {
        let message = try decode(
            [0, 1, 1, 6, 4, 0x37, 0x39] + Array("room:1".utf8) + Array("blob".utf8) + [0xDE, 0xAD])
        #expect(message.parts == [#""7""#, #""9""#, "room:1", "blob", "<2 bytes>"])
        #expect(message.payload == .binary(ByteBuffer(bytes: [0xDE, 0xAD])))
    }

    @Test("empty refs are null, an empty payload is no bytes, sizes count UTF-8")
    func edges() throws {
        #expect(try decode(Self.push("", "", "", "", [])).parts == ["null", "null", "", "", "<0 bytes>"])
        #expect(
            try decode(Self.push("1", "2", "raum:ü", "é\"", [])).parts == [
                #""1""#, #""2""#, "raum:ü", "é\"", "<0 bytes>",
            ])
        let long = String(repeating: "x", count: 255)
        #expect(try decode(Self.push(long, long, long, long, [1])).topic == .name(long))
    }

    @Test(
        "refuses every other kind, a short header, sizes past the end, fields that are no text",
        arguments: [
            [], [0], [0, 1, 1, 6], [1, 1, 1, 6, 2, 0x37, 0x39], [2, 0, 0], [3, 0, 0, 0, 0], [0x5B, 0x5D],
            [0, 1, 0, 0, 0], [0, 0, 0, 0, 255], [0, 255, 255, 255, 255, 1, 2, 3], [0, 0, 0, 1, 0, 0xFF],
            [0, 0, 0, 1, 1, 0xC3, 0xA9],
        ] as [[UInt8]])
    func refuses(bytes: [UInt8]) {
        let error = #expect(throws: ProtocolError.self) { try decode(bytes) }
        #expect(error?.code == .invalidBinary)
        #expect((error?.sentence.utf8.count ?? 0) < 123)
    }

    @Test("names are held to the endpoint's limits too")
    func limits() throws {
        var limits = MessageLimits()
        limits.maxTopicBytes = 5
        limits.maxEventBytes = 4
        let strict = V2JSONSerializer(limits: limits)
        let good = ByteBuffer(bytes: Self.push("1", "2", "abcde", "abcd", []))
        #expect(try strict.decode(good, kind: .binary).event == "abcd")
        for (bytes, code) in [
            (Self.push("1", "2", "abcdef", "e", []), ProtocolError.Code.topicTooLong),
            (Self.push("1", "2", "t", "abcde", []), .eventTooLong),
        ] {
            let error = #expect(throws: ProtocolError.self) {
                try strict.decode(ByteBuffer(bytes: bytes), kind: .binary)
            }
            #expect(error?.code == code)
        }
    }

    @Test("reply, push and broadcast, as appendix A.1 has them")
    func encodesVectors() throws {
        let joinRef = Ref("7")
        let topic = Array("room:1".utf8)
        let reply = OutboundMessage.reply(
            joinRef: joinRef, ref: Ref("9"), topic: .name("room:1"), status: "ok",
            payload: .binary(ByteBuffer(bytes: [0xBE, 0xEF])))
        #expect(try encode(reply) == [1, 1, 1, 6, 2, 0x37, 0x39] + topic + Array("ok".utf8) + [0xBE, 0xEF])
        let image = Payload.binary(ByteBuffer(bytes: [1, 2]))
        let push = OutboundMessage.push(joinRef: joinRef, topic: "room:1", event: "img", payload: image)
        #expect(try encode(push) == [0, 1, 6, 3, 0x37] + topic + Array("img".utf8) + [1, 2])
        let broadcast = OutboundMessage.broadcast(topic: "room:1", event: "img", payload: image)
        #expect(try encode(broadcast) == [2, 6, 3] + topic + Array("img".utf8) + [1, 2])
    }

    @Test("refs of any JSON type become text, null becomes nothing")
    func refs() throws {
        let message = OutboundMessage.reply(
            joinRef: .null, ref: Ref(json: "14"), topic: .name("t"), status: "ok", payload: OutboundSamples.binary)
        #expect(try encode(message) == [1, 0, 2, 1, 2] + Array("14tok".utf8) + [1, 2, 3])
    }

    @Test("a field over 255 bytes is the sender's error, and nothing is written")
    func tooLong() throws {
        let long = String(repeating: "é", count: 128)
        for message in [
            OutboundMessage.push(joinRef: .null, topic: long, event: "e", payload: OutboundSamples.binary),
            .broadcast(topic: "t", event: long, payload: OutboundSamples.binary),
            .reply(joinRef: .null, ref: .null, topic: .name("t"), status: long, payload: OutboundSamples.binary),
        ] {
            var buffer = ByteBuffer()
            let error = #expect(throws: PayloadError.self) { try serializer.encode(message, into: &buffer) }
            #expect(error?.code == .fieldTooLong)
            #expect(buffer.readableBytes == 0)
        }
    }

    @Test("what a client sends comes back the same through the header's writer", arguments: 0..<50)
    func roundTrip(seed: Int) throws {
        let fields = (0..<4).map { String(repeating: "ä\(seed)", count: (seed * 7 + $0 * 13) % 40) }
        let data = (0..<seed).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let message = try decode(Self.push(fields[0], fields[1], fields[2], fields[3], data))
        #expect(message.joinRef.plainText == fields[0])
        #expect(message.ref.plainText == fields[1])
        #expect(message.topic == .name(fields[2]))
        #expect(message.event == fields[3])
        #expect(Array(message.payload.bytes.readableBytesView) == data)
    }
}
