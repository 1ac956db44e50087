// Firecrest — messages as text, so that tests of serializers are tables
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

extension Serializer {
    func decode(_ text: String, kind: FrameKind = .text) throws -> Message {
        // Not at the start of its buffer, as a message that was read from a socket.
        var buffer = ByteBuffer(string: "....")
        buffer.moveReaderIndex(forwardBy: 4)
        buffer.writeString(text)
        return try decode(buffer, kind: kind)
    }

    /// What `decode` refuses `text` with; nil when it takes it.
    func refusal(_ text: String, kind: FrameKind = .text) -> ProtocolError.Code? {
        do {
            _ = try decode(text, kind: kind)
            return nil
        } catch let error as ProtocolError {
            return error.code
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    func encoded(_ message: OutboundMessage) throws -> String {
        // A transport's header may stand in front.
        var buffer = ByteBuffer(string: "header")
        #expect(try encode(message, into: &buffer) == .text)
        let text = String(buffer: buffer)
        #expect(text.hasPrefix("header"))
        return String(text.dropFirst(6))
    }
}

extension Message {
    /// `join_ref ref topic event payload`, each as its JSON text but topic and event.
    var parts: [String] {
        let topic =
            switch topic {
            case .name(let name): name
            case .other(let json): "other \(json)"
            }
        return [joinRef.json, ref.json, topic, event, payload.description]
    }
}

/// Messages of every kind that a server sends.
struct OutboundSamples {
    static let binary = Payload.binary(ByteBuffer(bytes: [1, 2, 3]))

    static func payload(_ text: String) -> Payload { Payload(kind: .json, bytes: ByteBuffer(string: text)) }

    static let reply = OutboundMessage.reply(
        joinRef: Ref("1"), ref: Ref("2"), topic: .name("room:1"), status: "ok", payload: payload(#"{"a":1}"#))
    static let push = OutboundMessage.push(
        joinRef: Ref("1"), topic: "room:1", event: "new", payload: payload(#"{"a":1}"#))
    static let broadcast = OutboundMessage.broadcast(topic: "room:1", event: "new", payload: payload(#"{"a":1}"#))
    static let close = OutboundMessage.lifecycle(
        OutboundMessage.Event.close, joinRef: Ref("1"), topic: "room:1", payload: .empty)

    static func push(_ payload: Payload) -> OutboundMessage {
        .push(joinRef: Ref("1"), topic: "room:1", event: "new", payload: payload)
    }
    static func broadcast(_ payload: Payload) -> OutboundMessage {
        .broadcast(topic: "room:1", event: "new", payload: payload)
    }
    static func reply(_ payload: Payload) -> OutboundMessage {
        .reply(joinRef: Ref("1"), ref: Ref("2"), topic: .name("room:1"), status: "ok", payload: payload)
    }
}
