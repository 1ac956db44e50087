// Firecrest — a client's messages as frames.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
package import NIOCore

extension ClientCodec {
    /// Appends the frame's content to `buffer`.
    ///
    /// A null ref or join ref is written as `null` in V2 JSON, left out of V1 (`join_ref` only), and has no bytes in a
    /// binary frame, which a Phoenix server takes for the empty text: give binary messages a join ref.
    ///
    /// - Throws: `PayloadError`: `kindNotSupported` for bytes in V1, for a topic that is no text in a binary frame, and for
    ///   terms; `fieldTooLong` for a name or ref of more than 255 bytes in a binary frame. Nothing is written then.
    package func encode(_ message: Message, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind {
        switch (message.payload.kind, version) {
        case (.json, .v1):
            writeObject(message, into: &buffer)
            return .text
        case (.json, .v2):
            writeArray(message, into: &buffer)
            return .text
        case (.binary, .v2):
            try writeBinary(message, into: &buffer)
            return .binary
        case (.binary, .v1), (.term, _):
            throw PayloadError(
                code: .kindNotSupported,
                detail: "a \(message.payload.kind) payload cannot travel with serializer \(version.rawValue)")
        }
    }

    private func writeObject(_ message: Message, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"topic\":")
        buffer.writeTopic(message.topic)
        buffer.writeStaticString(",\"event\":")
        buffer.writeJSONString(message.event)
        buffer.writeStaticString(",\"payload\":")
        buffer.writeImmutableBuffer(message.payload.bytes)
        buffer.writeStaticString(",\"ref\":")
        buffer.writeString(message.ref.json)
        if !message.joinRef.isNull {
            buffer.writeStaticString(",\"join_ref\":")
            buffer.writeString(message.joinRef.json)
        }
        buffer.writeStaticString("}")
    }

    private func writeArray(_ message: Message, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("[")
        buffer.writeString(message.joinRef.json)
        buffer.writeStaticString(",")
        buffer.writeString(message.ref.json)
        buffer.writeStaticString(",")
        buffer.writeTopic(message.topic)
        buffer.writeStaticString(",")
        buffer.writeJSONString(message.event)
        buffer.writeStaticString(",")
        buffer.writeImmutableBuffer(message.payload.bytes)
        buffer.writeStaticString("]")
    }

    private func writeBinary(_ message: Message, into buffer: inout ByteBuffer) throws(PayloadError) {
        guard case .name(let topic) = message.topic else {
            throw PayloadError(
                code: .kindNotSupported, detail: "a topic that is no text cannot travel in a binary frame")
        }
        do {
            try buffer.writeBinaryHeader(
                .clientPush, message.joinRef.plainText, message.ref.plainText, topic[...], message.event[...])
        } catch {
            throw PayloadError(
                code: .fieldTooLong,
                detail: "a binary frame has room for 255 bytes of each of topic, event and ref; one has \(error.bytes)")
        }
        buffer.writeImmutableBuffer(message.payload.bytes)
    }
}
