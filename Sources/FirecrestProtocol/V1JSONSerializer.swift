// Firecrest — `{"topic":…,"event":…,"payload":…,"ref":…}`, the first form of the protocol.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
public import NIOCore

/// Serializer 1.0.0: a JSON object in a text frame.
///
/// `join_ref` is honoured when a client sends it and never sent back, as in Phoenix. JSON in a binary frame is taken too
/// (its UTF-8 is checked here, since the frame layer does so only for text). Reply, push and broadcast payloads may be
/// any JSON value.
public struct V1JSONSerializer: Serializer {
    public let limits: MessageLimits

    public init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
    }

    public var name: String { "v1_json" }

    public func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> Message {
        if kind == .binary, !UTF8Validator.isValid(frame.readableBytesUInt8Span) {
            throw ProtocolError(code: .invalidJSON, sentence: "a binary frame with JSON in it is not valid UTF-8")
        }
        let envelope: Envelope
        do {
            envelope = try EnvelopeScanner.scanObject(
                frame.readableBytesUInt8Span, limits: JSONText.jsonLimits(limits))
        } catch {
            throw ProtocolError(error)
        }
        return try JSONText(frame: frame, limits: limits).message(envelope)
    }

    public func sizeHint(_ message: OutboundMessage) -> Int {
        message.payload.bytes.readableBytes + message.event.utf8.count + message.topicBytes
            + message.ref.json.utf8.count + 80
    }

    public func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind {
        guard message.payload.kind == .json else {
            throw PayloadError(
                code: .kindNotSupported,
                detail: "a \(message.payload.kind) payload cannot travel with serializer 1.0.0; use 2.0.0")
        }
        buffer.writeStaticString("{\"topic\":")
        buffer.writeTopic(message.topic)
        buffer.writeStaticString(",\"event\":")
        buffer.writeJSONString(message.event)
        buffer.writeStaticString(",\"payload\":")
        if case .reply(let status) = message.kind {
            buffer.writeStaticString("{\"status\":")
            buffer.writeJSONString(status)
            buffer.writeStaticString(",\"response\":")
            buffer.writeImmutableBuffer(message.payload.bytes)
            buffer.writeStaticString("}")
        } else {
            buffer.writeImmutableBuffer(message.payload.bytes)
        }
        buffer.writeStaticString(",\"ref\":")
        buffer.writeString(message.ref.json)
        buffer.writeStaticString("}")
        return .text
    }
}
