// Firecrest — messages with the WebSocket header in front of them
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("Encoded frame")
struct EncodedFrameTests {
    /// A frame whose content has exactly `length` bytes.
    static func frame(contentBytes length: Int) throws -> EncodedFrame {
        let empty = try EncodedFrame(message(text: ""), with: V2JSONSerializer()).content.readableBytes
        return try EncodedFrame(
            message(text: String(repeating: "x", count: length - empty)), with: V2JSONSerializer())
    }

    static func message(text: String) throws -> OutboundMessage {
        .push(joinRef: Ref("1"), topic: "t", event: "e", payload: try Payload(["d": .string(text)]))
    }

    @Test(
        "has the shortest header for its length, and its content behind it",
        arguments: [
            (40, [0x81, 40]),
            (125, [0x81, 125]),
            (126, [0x81, 126, 0x00, 0x7E]),
            (65_535, [0x81, 126, 0xFF, 0xFF]),
            (65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
            (1_048_577, [0x81, 127, 0, 0, 0, 0, 0, 0x10, 0, 1]),
        ] as [(Int, [UInt8])])
    func headers(length: Int, header: [UInt8]) throws {
        let frame = try Self.frame(contentBytes: length)
        #expect(frame.kind == .text)
        #expect(frame.content.readableBytes == length)
        #expect(Array(frame.webSocketFrame.readableBytesView.prefix(header.count)) == header)
        #expect(frame.webSocketFrame.readableBytes == header.count + length)
        #expect(
            frame.webSocketFrame.readableBytesView.dropFirst(header.count).elementsEqual(
                frame.content.readableBytesView))
    }

    @Test("its content is what the serializer wrote")
    func content() throws {
        let frame = try EncodedFrame(Self.message(text: "hi"), with: V2JSONSerializer())
        #expect(String(buffer: frame.content) == #"["1",null,"t","e",{"d":"hi"}]"#)
    }

    @Test("a message that its serializer cannot carry makes no frame")
    func unencodable() throws {
        let message = OutboundMessage.push(
            joinRef: .null, topic: "t", event: "e", payload: .binary(ByteBuffer(bytes: [1])))
        let error = #expect(throws: PayloadError.self) { try EncodedFrame(message, with: V1JSONSerializer()) }
        #expect(error?.code == .kindNotSupported)
    }

    @Test("the estimate of its size is enough: one buffer, written once", arguments: [0, 10, 2_000, 100_000])
    func sizeHint(length: Int) throws {
        let payload = try Payload(["d": .string(String(repeating: "x", count: length))])
        let messages: [OutboundMessage] = [
            .push(joinRef: Ref("12"), topic: "room:1", event: "new_msg", payload: payload),
            .broadcast(topic: "room:1", event: "new_msg", payload: payload),
            .reply(joinRef: Ref("12"), ref: Ref("13"), topic: .name("room:1"), status: "ok", payload: payload),
            .lifecycle("phx_close", joinRef: Ref("12"), topic: "room:1", payload: payload),
            .reply(joinRef: .null, ref: .null, topic: .other(json: "[1,2]"), status: "error", payload: payload),
        ]
        for serializer in [V1JSONSerializer(), V2JSONSerializer()] as [any Serializer] {
            for message in messages {
                let size = try EncodedFrame(message, with: serializer).content.readableBytes
                #expect(size <= serializer.sizeHint(message), "\(serializer.name), \(message.kind)")
            }
        }
    }
}
