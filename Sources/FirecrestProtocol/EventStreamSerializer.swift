// Firecrest — messages as the events of a one-way event stream.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
package import NIOCore

/// Writes messages as events for an `EventSource`: the message's event is the event's name, its payload the data.
///
///     event: new_msg
///     data: {"text":"hi"}
///
/// Topic and refs are left out, since a stream has one topic and no requests. A reply is the event `phx_reply` with the
/// data `{"status":…,"response":…}`. Bytes are the data `base64:…`, in a reply `{"status":…,"response_base64":"…"}`. The
/// line with the id is the transport's: what all clients share comes without it.
package struct EventStreamSerializer: Serializer {
    package init() {}

    package var name: String { "event_stream" }

    /// Nothing comes in on an event stream.
    package func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> Message {
        throw ProtocolError(code: .wrongShape, sentence: "an event stream carries nothing from the client")
    }

    package func sizeHint(_ message: OutboundMessage) -> Int {
        let payload = message.payload.bytes.readableBytes
        return (message.payload.kind == .binary ? Base64.length(of: payload) : payload) + message.event.utf8.count + 64
    }

    package func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind {
        guard message.payload.kind != .term else {
            throw PayloadError(code: .kindNotSupported, detail: "a term payload cannot travel on an event stream")
        }
        switch message.kind {
        case .reply(let status):
            Self.writeReply(status: status, message.payload, into: &buffer)
        case .push, .broadcast:
            buffer.writeEventStreamEvent(message.event)
            if message.payload.kind == .binary {
                buffer.writeEventStreamData(base64: message.payload.bytes, prefix: "base64:")
            } else {
                buffer.writeEventStreamData(message.payload.bytes)
            }
            buffer.writeEventStreamEnd()
        }
        return .text
    }

    /// A reply, as the first event of a stream with a word on whether what the client missed is there.
    ///
    /// - Parameter recovered: nil leaves it out, for a client that has missed nothing.
    package static func writeReply(
        status: String, _ response: Payload, recovered: Bool? = nil, into buffer: inout ByteBuffer
    ) {
        // Built apart: the response may hold ends of lines.
        var data = ByteBuffer()
        data.writeStaticString("{\"status\":")
        data.writeJSONString(status)
        if response.kind == .binary {
            data.writeStaticString(",\"response_base64\":\"")
            data.writeBase64(response.bytes.readableBytesUInt8Span)
            data.writeStaticString("\"")
        } else {
            data.writeStaticString(",\"response\":")
            data.writeImmutableBuffer(response.bytes)
        }
        if let recovered { data.writeStaticString(recovered ? ",\"recovered\":true" : ",\"recovered\":false") }
        data.writeStaticString("}")
        buffer.writeEventStreamEvent(OutboundMessage.Event.reply)
        buffer.writeEventStreamData(data)
        buffer.writeEventStreamEnd()
    }
}
