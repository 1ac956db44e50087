// Firecrest — a server's frames as messages.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
package import NIOCore

extension ClientCodec {
    /// The message in a frame that a server sent.
    ///
    /// A `phx_reply` comes apart into its status and its response. What is no reply is a broadcast when it carries no join
    /// ref in V2, and a push otherwise; V1 does not tell them apart, so that there all are pushes. `phx_close` and
    /// `phx_error` are pushes that carry the join ref twice.
    ///
    /// The payload is a slice of `frame`.
    ///
    /// - Throws: `ProtocolError`: what the frame lacks, or which limit it passes.
    package func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> OutboundMessage {
        switch (kind, version) {
        case (.text, _): return try decodeJSON(frame)
        case (.binary, .v2): return try decodeBinary(frame)
        case (.binary, .v1):
            throw ProtocolError(code: .invalidBinary, sentence: "serializer 1.0.0 has no binary messages")
        }
    }

    private func decodeJSON(_ frame: ByteBuffer) throws(ProtocolError) -> OutboundMessage {
        let bytes = frame.readableBytesUInt8Span
        let text = JSONText(frame: frame, limits: limits)
        let envelope: Envelope
        do {
            envelope =
                switch version {
                case .v1: try EnvelopeScanner.scanObject(bytes, limits: text.jsonLimits)
                case .v2: try EnvelopeScanner.scanArray(bytes, limits: text.jsonLimits)
                }
        } catch {
            throw ProtocolError(error)
        }
        let message = try text.message(envelope)
        guard message.event != OutboundMessage.Event.reply else { return try reply(message) }
        let isBroadcast = version == .v2 && message.joinRef.isNull && message.ref.isNull
        return OutboundMessage(
            kind: isBroadcast ? .broadcast : .push, joinRef: message.joinRef, ref: message.ref, topic: message.topic,
            event: message.event, payload: message.payload)
    }

    private func reply(_ message: Message) throws(ProtocolError) -> OutboundMessage {
        let payload = message.payload.bytes
        let parts: ReplyParts
        do {
            parts = try ReplyScanner.scan(
                payload.readableBytesUInt8Span, limits: JSONText.jsonLimits(limits))
        } catch {
            throw ProtocolError(code: .wrongShape, sentence: "the payload of a reply has no status and response")
        }
        guard let status = JSONString.decode(payload.readableBytesUInt8Span.extracting(parts.status)) else {
            throw ProtocolError(code: .wrongShape, sentence: "the status of a reply is no string")
        }
        return .reply(
            joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: status,
            payload: Payload(kind: .json, bytes: slice(parts.response, of: payload)))
    }

    private func decodeBinary(_ frame: ByteBuffer) throws(ProtocolError) -> OutboundMessage {
        let envelope: BinaryEnvelope
        do {
            envelope = try BinaryScanner.scanServer(frame.readableBytesUInt8Span)
        } catch {
            throw ProtocolError(code: .invalidBinary, sentence: error.description)
        }
        guard envelope.topic.count <= limits.maxTopicBytes else {
            throw .tooLong(.topicTooLong, envelope.topic.count, limits)
        }
        guard envelope.event.count <= limits.maxEventBytes else {
            throw .tooLong(.eventTooLong, envelope.event.count, limits)
        }
        let joinRef = Ref(plainText: text(envelope.joinRef, of: frame))
        let topic = text(envelope.topic, of: frame)
        let event = text(envelope.event, of: frame)
        let payload = Payload.binary(slice(envelope.payload, of: frame))
        return switch envelope.kind {
        case .reply:
            .reply(
                joinRef: joinRef, ref: Ref(plainText: text(envelope.ref, of: frame)), topic: .name(topic),
                status: event, payload: payload)
        case .broadcast:
            .broadcast(topic: topic, event: event, payload: payload)
        case .push, .clientPush:
            .push(joinRef: joinRef, topic: topic, event: event, payload: payload)
        }
    }

    private func slice(_ range: Range<Int>, of frame: ByteBuffer) -> ByteBuffer {
        frame.getSlice(at: frame.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    private func text(_ range: Range<Int>, of frame: ByteBuffer) -> String {
        frame.getString(at: frame.readerIndex + range.lowerBound, length: range.count) ?? ""
    }
}
