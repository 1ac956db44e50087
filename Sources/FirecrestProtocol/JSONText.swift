// Firecrest — the parts of a scanned JSON envelope as protocol values.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

/// Cuts an envelope's parts out of the frame they came in. Shared by V1 and V2.
struct JSONText {
    let frame: ByteBuffer
    let limits: MessageLimits

    var jsonLimits: JSONLimits { Self.jsonLimits(limits) }

    static func jsonLimits(_ limits: MessageLimits) -> JSONLimits {
        var json = JSONLimits()
        json.maxDepth = limits.maxJSONDepth
        return json
    }

    func message(_ envelope: Envelope) throws(ProtocolError) -> Message {
        Message(
            joinRef: try ref(envelope.joinRef),
            ref: try ref(envelope.ref),
            topic: try topic(envelope.topic),
            event: try event(envelope.event),
            payload: Payload(kind: .json, bytes: slice(envelope.payload))
        )
    }

    private func slice(_ range: Range<Int>) -> ByteBuffer {
        frame.getSlice(at: frame.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    private func text(_ range: Range<Int>) -> String {
        frame.getString(at: frame.readerIndex + range.lowerBound, length: range.count) ?? ""
    }

    private func ref(_ range: Range<Int>?) throws(ProtocolError) -> Ref {
        guard let range else { return .null }
        guard range.count <= Ref.maxBytes else {
            throw ProtocolError(
                code: .refTooLong, sentence: "a ref has \(range.count) bytes, the limit is \(Ref.maxBytes)")
        }
        return Ref(json: text(range))
    }

    private func topic(_ range: Range<Int>) throws(ProtocolError) -> MessageTopic {
        // JSON escapes can only make the text longer than the name, by a factor of six at most.
        guard range.count <= limits.maxTopicBytes * 6 + 2 else { throw .tooLong(.topicTooLong, range.count, limits) }
        guard let name = string(range) else { return .other(json: text(range)) }
        guard name.utf8.count <= limits.maxTopicBytes else { throw .tooLong(.topicTooLong, name.utf8.count, limits) }
        return .name(name)
    }

    private func event(_ range: Range<Int>) throws(ProtocolError) -> String {
        guard range.count <= limits.maxEventBytes * 6 + 2 else { throw .tooLong(.eventTooLong, range.count, limits) }
        let name = string(range) ?? text(range)
        guard name.utf8.count <= limits.maxEventBytes else { throw .tooLong(.eventTooLong, name.utf8.count, limits) }
        return name
    }

    private func string(_ range: Range<Int>) -> String? {
        JSONString.decode(frame.readableBytesUInt8Span.extracting(range))
    }
}

extension ProtocolError {
    static func tooLong(_ code: Code, _ count: Int, _ limits: MessageLimits) -> ProtocolError {
        let (what, limit) =
            code == .topicTooLong ? ("a topic", limits.maxTopicBytes) : ("an event name", limits.maxEventBytes)
        return ProtocolError(code: code, sentence: "\(what) has \(count) bytes, the limit is \(limit)")
    }

    init(_ error: JSONError) {
        switch error.code {
        case .notAnArray, .notAnObject, .tooFewElements, .missingKey:
            self.init(code: .wrongShape, sentence: error.description)
        default:
            self.init(code: .invalidJSON, sentence: error.description)
        }
    }
}
