// Firecrest — `[join_ref, ref, topic, event, payload]`, the form of phoenix.js.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
public import NIOCore

/// Serializer 2.0.0: a JSON array of five elements in a text frame, or bytes behind a small header in a binary one.
///
/// Further elements of an array are ignored, as Phoenix does. A push or broadcast must carry a JSON object or bytes; a
/// reply may carry any JSON value, or bytes. The names in a binary frame have at most 255 bytes each.
public struct V2JSONSerializer: Serializer {
    public let limits: MessageLimits

    public init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
    }

    public var name: String { "v2_json" }

    public func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> Message {
        if kind == .binary { return try V2BinaryFrame.decode(frame, limits: limits) }
        return try message(scan(frame.readableBytesUInt8Span), in: frame)
    }

    /// The first half of decoding a text frame: finds its parts and validates all of it.
    package func scan(_ text: Span<UInt8>) throws(ProtocolError) -> Envelope {
        do {
            return try EnvelopeScanner.scanArray(text, limits: JSONText.jsonLimits(limits))
        } catch {
            throw ProtocolError(error)
        }
    }

    /// The second half: makes a message of the parts.
    package func message(_ envelope: Envelope, in frame: ByteBuffer) throws(ProtocolError) -> Message {
        try JSONText(frame: frame, limits: limits).message(envelope)
    }

    public func sizeHint(_ message: OutboundMessage) -> Int {
        // The header of a binary frame is shorter than the brackets, quotes and commas of this.
        message.payload.bytes.readableBytes + message.event.utf8.count + message.topicBytes
            + message.joinRef.json.utf8.count + message.ref.json.utf8.count + 48
    }

    public func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind {
        switch message.payload.kind {
        case .json: break
        case .binary:
            try V2BinaryFrame.encode(message, into: &buffer)
            return .binary
        case .term:
            throw PayloadError(code: .kindNotSupported, detail: "a term payload cannot travel with serializer 2.0.0")
        }
        if case .reply(let status) = message.kind, case .name(let topic) = message.topic {
            writeReply(
                joinRef: message.joinRef, ref: message.ref, topic: topic, status: status,
                response: message.payload.bytes, into: &buffer)
            return .text
        }
        buffer.writeInteger(UInt8(ascii: "["))
        buffer.writeString(message.joinRef.json)
        buffer.writeInteger(UInt8(ascii: ","))
        buffer.writeString(message.ref.json)
        buffer.writeInteger(UInt8(ascii: ","))
        buffer.writeTopic(message.topic)
        switch message.kind {
        case .reply(let status):
            buffer.writeStaticString(",\"phx_reply\",{\"status\":")
            buffer.writeJSONString(status)
            buffer.writeStaticString(",\"response\":")
            buffer.writeImmutableBuffer(message.payload.bytes)
            buffer.writeStaticString("}]")
        case .push, .broadcast:
            guard message.payload.isObject else { throw .notAnObject(message) }
            buffer.writeInteger(UInt8(ascii: ","))
            buffer.writeJSONString(message.event)
            buffer.writeInteger(UInt8(ascii: ","))
            buffer.writeImmutableBuffer(message.payload.bytes)
            buffer.writeInteger(UInt8(ascii: "]"))
        }
        return .text
    }
}

extension V2JSONSerializer {
    /// Appends the text of a reply whose response is JSON.
    package func writeReply(
        joinRef: Ref, ref: Ref, topic: String, status: String, response: ByteBuffer, into buffer: inout ByteBuffer
    ) {
        ReplyWriter.write(
            joinRef: joinRef.json.utf8.span, ref: ref.json.utf8.span, topic: topic.utf8.span, status: status.utf8.span,
            response: response.readableBytesUInt8Span, into: &buffer)
    }

    /// Appends such a reply as a WebSocket frame.
    ///
    /// - Returns: false, with nothing appended, when topic or status have something to escape.
    package func writeReplyFrame(
        joinRef: Ref, ref: Ref, topic: String, status: String, response: ByteBuffer, into buffer: inout ByteBuffer
    ) -> Bool {
        ReplyWriter.writeFrame(
            joinRef: joinRef.json.utf8.span, ref: ref.json.utf8.span, topic: topic.utf8.span, status: status.utf8.span,
            response: response.readableBytesUInt8Span, into: &buffer)
    }

    /// How many bytes `writeReplyFrame` appends at most.
    package func replyFrameBytes(joinRef: Ref, ref: Ref, topic: String, status: String, response: ByteBuffer) -> Int {
        FrameHeadroom.maxBytes + ReplyWriter.frameBytes + joinRef.json.utf8.count + ref.json.utf8.count
            + topic.utf8.count + status.utf8.count + response.readableBytes
    }
}

extension PayloadError {
    static func notAnObject(_ message: OutboundMessage) -> PayloadError {
        PayloadError(
            code: .notAnObject,
            detail: "event \"\(message.event)\" carries JSON that is no object; pushes and broadcasts must carry one")
    }
}

extension OutboundMessage {
    var topicBytes: Int {
        switch topic {
        case .name(let name): name.utf8.count
        case .other(let json): json.utf8.count
        }
    }
}

extension ByteBuffer {
    mutating func writeTopic(_ topic: MessageTopic) {
        switch topic {
        case .name(let name): writeJSONString(name)
        case .other(let json): writeString(json)
        }
    }
}
