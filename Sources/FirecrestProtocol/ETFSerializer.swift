// Firecrest — `[join_ref, ref, topic, event, payload]` as a term of Erlang.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
public import NIOCore

/// Serializer 3.0.0: a list of five elements in Erlang's external term format, one term in each binary frame
/// (phoenix-channels.md §10).
///
/// Not part of Phoenix. A mount serves it when `.etf` is among its `SocketOptions.serializers`, to WebSockets that ask for
/// it with `vsn=3.0.0` or `encoding=etf`. What is in a message is what is in one of 2.0.0: refs are echoed with their type,
/// further elements are ignored, a push or broadcast carries a map or bytes, a reply anything. A payload that is a binary
/// is bytes, with the same meaning as the binary frames of 2.0.0.
///
/// Only a safe subset of the format is read: atoms `nil`, `null`, `undefined`, `true`, `false` and no others, nothing
/// compressed, no functions, processes or references, no improper lists, integers of up to 64 bits, maps without duplicate
/// keys. Terms are written so that erlpack's JavaScript, which knows less of the format, reads them.
public struct ETFSerializer: Serializer {
    public let limits: MessageLimits
    private let termLimits: ETFLimits

    public init(limits: MessageLimits = MessageLimits()) {
        self.limits = limits
        // A WebSocket has a limit on the bytes of messages.
        termLimits = ETFLimits(
            maxDepth: limits.maxTermDepth, maxBytes: .max, maxItems: limits.maxTermItems,
            maxTupleArity: limits.maxTupleArity, maxAtomBytes: limits.maxAtomBytes,
            atoms: limits.keepsUnknownAtoms ? .text : .refused)
    }

    public var name: String { "etf" }

    public var structuredKind: Payload.Kind { .term }

    public func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> Message {
        guard kind == .binary else {
            throw ProtocolError(code: .invalidTerm, sentence: "serializer 3.0.0 takes binary frames; this is text")
        }
        let bytes = frame.readableBytesUInt8Span
        let envelope: ETFEnvelope
        do {
            envelope = try ETFScanner.scanList(bytes, limits: termLimits)
        } catch {
            switch error.code {
            case .notAList, .tooFewElements: throw ProtocolError(code: .wrongShape, sentence: error.description)
            default: throw ProtocolError(code: .invalidTerm, sentence: error.description)
            }
        }
        return Message(
            joinRef: try ref(envelope.joinRef, of: bytes), ref: try ref(envelope.ref, of: bytes),
            topic: try topic(envelope.topic, of: bytes), event: try event(envelope.event, of: bytes),
            payload: payload(envelope, of: frame))
    }

    private func ref(_ range: Range<Int>, of bytes: Span<UInt8>) throws(ProtocolError) -> Ref {
        guard range.count <= Ref.maxBytes else { throw Self.refTooLong(range.count) }
        switch ETFScanner.part(range, of: bytes) {
        case .null: return .null
        case .binary(let text):
            let text = bytes.extracting(text)
            guard UTF8Validator.isValid(text) else { throw Self.notText("ref") }
            var json = ByteBuffer()
            json.writeJSONString(text)
            guard json.readableBytes <= Ref.maxBytes else { throw Self.refTooLong(json.readableBytes) }
            return Ref(json: String(buffer: json))
        case .other:
            let json = try json(range, of: bytes, "ref")
            guard json.utf8.count <= Ref.maxBytes else { throw Self.refTooLong(json.utf8.count) }
            return Ref(json: json)
        }
    }

    private func topic(_ range: Range<Int>, of bytes: Span<UInt8>) throws(ProtocolError) -> MessageTopic {
        // No term is longer in JSON than six times itself: a control character, which is escaped.
        guard range.count <= limits.maxTopicBytes + 5 else {
            throw .tooLong(.topicTooLong, range.count - 5, limits)
        }
        guard case .binary(let text) = ETFScanner.part(range, of: bytes) else {
            return .other(json: try json(range, of: bytes, "topic"))
        }
        return .name(try self.text(text, of: bytes, "topic"))
    }

    private func event(_ range: Range<Int>, of bytes: Span<UInt8>) throws(ProtocolError) -> String {
        guard range.count <= limits.maxEventBytes + 5 else {
            throw .tooLong(.eventTooLong, range.count - 5, limits)
        }
        guard case .binary(let text) = ETFScanner.part(range, of: bytes) else {
            // Escapes make text longer.
            let json = try json(range, of: bytes, "event")
            guard json.utf8.count <= limits.maxEventBytes else {
                throw .tooLong(.eventTooLong, json.utf8.count, limits)
            }
            return json
        }
        return try self.text(text, of: bytes, "event")
    }

    private func text(_ range: Range<Int>, of bytes: Span<UInt8>, _ what: String) throws(ProtocolError) -> String {
        guard let utf8 = try? UTF8Span(validating: bytes.extracting(range)) else { throw Self.notText(what) }
        return String(copying: utf8)
    }

    private func json(_ range: Range<Int>, of bytes: Span<UInt8>, _ what: String) throws(ProtocolError) -> String {
        var json = ByteBuffer()
        guard (try? ETFTranscoder.writeJSON(of: bytes.extracting(range), into: &json)) != nil else {
            throw Self.notText(what)
        }
        return String(buffer: json)
    }

    /// A slice of the frame, unless some client could not read it as it is.
    private func payload(_ envelope: ETFEnvelope, of frame: ByteBuffer) -> Payload {
        let bytes = frame.readableBytesUInt8Span
        if case .binary(let data) = ETFScanner.part(envelope.payload, of: bytes) {
            return .binary(slice(data, of: frame))
        }
        if !envelope.isPortable {
            var portable = ByteBuffer()
            portable.reserveCapacity(envelope.payload.count)
            let term = bytes.extracting(envelope.payload)
            if (try? ETFTranscoder.writePortable(term, into: &portable)) != nil {
                return Payload(kind: .term, bytes: portable)
            }
        }
        return Payload(kind: .term, bytes: slice(envelope.payload, of: frame))
    }

    private func slice(_ range: Range<Int>, of frame: ByteBuffer) -> ByteBuffer {
        frame.getSlice(at: frame.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    private static func notText(_ what: String) -> ProtocolError {
        ProtocolError(code: .wrongShape, sentence: "the \(what) of a message is not valid UTF-8")
    }

    private static func refTooLong(_ count: Int) -> ProtocolError {
        ProtocolError(code: .refTooLong, sentence: "a ref has \(count) bytes, the limit is \(Ref.maxBytes)")
    }
}

extension ETFSerializer {
    public func sizeHint(_ message: OutboundMessage) -> Int {
        message.payload.bytes.readableBytes + message.event.utf8.count + message.topicBytes
            + message.joinRef.json.utf8.count + message.ref.json.utf8.count + 80
    }

    public func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind {
        let payload = try message.payload.converted(to: .term)
        buffer.writeETFVersion()
        buffer.writeETFList(count: 5)
        try write(json: message.joinRef.json, into: &buffer)
        try write(json: message.ref.json, into: &buffer)
        switch message.topic {
        case .name(let name): buffer.writeETFString(name)
        case .other(let json): try write(json: json, into: &buffer)
        }
        switch message.kind {
        case .reply(let status):
            buffer.writeETFString(OutboundMessage.Event.reply)
            buffer.writeETFMap(count: 2)
            buffer.writeETFString("status")
            buffer.writeETFString(status)
            buffer.writeETFString("response")
        case .push, .broadcast:
            guard payload.kind == .binary || payload.isObject else { throw .notAnObject(message) }
            buffer.writeETFString(message.event)
        }
        if payload.kind == .binary {
            buffer.writeETFBinary(payload.bytes)
        } else {
            buffer.writeImmutableBuffer(payload.bytes)
        }
        buffer.writeETFListEnd()
        return .binary
    }

    /// Writes what was kept as JSON text: refs, and topics that are no text.
    private func write(json: String, into buffer: inout ByteBuffer) throws(PayloadError) {
        let text = json.utf8.span
        if json.utf8.count == 4, json == "null" {
            buffer.writeETFNil()
            return
        }
        do throws(ETFError) {
            try ETFTranscoder.writeTerm(ofJSON: text, into: &buffer)
        } catch {
            throw PayloadError(code: .notTranscodable, detail: "a ref or topic has no form as a term: \(error)")
        }
    }
}
