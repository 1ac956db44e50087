// Firecrest — the binary half of serializer 2.0.0.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

/// Bytes that travel as they are behind a small header (phoenix-channels.md §2.3). Which of the two halves of 2.0.0 carries
/// a message follows from that message's payload alone.
enum V2BinaryFrame {
    /// A client's push. Nothing of it is copied but the names.
    static func decode(_ frame: ByteBuffer, limits: MessageLimits) throws(ProtocolError) -> Message {
        let envelope: BinaryEnvelope
        do {
            envelope = try BinaryScanner.scanClient(frame.readableBytesUInt8Span)
        } catch {
            throw ProtocolError(code: .invalidBinary, sentence: error.description)
        }
        guard envelope.topic.count <= limits.maxTopicBytes else {
            throw .tooLong(.topicTooLong, envelope.topic.count, limits)
        }
        guard envelope.event.count <= limits.maxEventBytes else {
            throw .tooLong(.eventTooLong, envelope.event.count, limits)
        }
        // An empty ref is none: Phoenix takes an empty join ref for text and drops the message as stale.
        return Message(
            joinRef: Ref(plainText: text(envelope.joinRef, of: frame)),
            ref: Ref(plainText: text(envelope.ref, of: frame)),
            topic: .name(text(envelope.topic, of: frame)),
            event: text(envelope.event, of: frame),
            payload: .binary(
                frame.getSlice(at: frame.readerIndex + envelope.payload.lowerBound, length: envelope.payload.count)
                    ?? ByteBuffer()))
    }

    static func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) {
        guard case .name(let topic) = message.topic else {
            throw PayloadError(
                code: .kindNotSupported, detail: "a topic that is no text cannot travel in a binary frame")
        }
        do {
            switch message.kind {
            case .push:
                try buffer.writeBinaryHeader(.push, message.joinRef.plainText, topic[...], message.event[...])
            case .reply(let status):
                try buffer.writeBinaryHeader(
                    .reply, message.joinRef.plainText, message.ref.plainText, topic[...], status[...])
            case .broadcast:
                try buffer.writeBinaryHeader(.broadcast, topic[...], message.event[...])
            }
        } catch {
            throw PayloadError(
                code: .fieldTooLong,
                detail: "a binary frame has room for 255 bytes of each of topic, event and ref; one has \(error.bytes)")
        }
        buffer.writeImmutableBuffer(message.payload.bytes)
    }

    private static func text(_ range: Range<Int>, of frame: ByteBuffer) -> String {
        frame.getString(at: frame.readerIndex + range.lowerBound, length: range.count) ?? ""
    }
}
