// Firecrest — finds the Phoenix message in a WebSocket message.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// Reads envelopes with the scanners and serializers that servers and clients use.
struct EnvelopeReader {
    /// Something is wrong, at a byte of the message.
    struct Failure: Error {
        var position: Int
        var kind: String
        var sentence: String
        var rule: String
    }

    let source: Source
    let limits: MessageLimits

    /// - Parameter version: what the message must be; `nil` to guess, in which case `nil` means "no Phoenix message".
    func read(
        _ bytes: ByteBuffer, kind: MessageKind, version: ClientCodec.Version?
    ) throws(Failure) -> EnvelopeFinding? {
        if let version { return try read(bytes, kind: kind, as: version) }
        // The version byte of Erlang's terms, which is no kind of a binary message.
        if kind == .binary, bytes.readableBytesView.first == 131 { return readTerm(bytes) }
        let guess: ClientCodec.Version =
            kind == .text && bytes.readableBytesView.first == UInt8(ascii: "{") ? .v1 : .v2
        // Nearly any bytes with a zero in front have the shape of a binary push; one without names is none.
        guard let finding = try? read(bytes, kind: kind, as: guess), !finding.topic.isEmpty, !finding.event.isEmpty
        else { return nil }
        return finding
    }

    private func read(
        _ bytes: ByteBuffer, kind: MessageKind, as version: ClientCodec.Version
    ) throws(Failure) -> EnvelopeFinding {
        // A V1 server takes JSON in binary frames; a client of V1 gets none.
        let isBinary = kind == .binary && version == .v2
        var finding = isBinary ? try readBinary(bytes) : try readJSON(bytes, version)
        try judge(bytes, kind, version, &finding)
        return finding
    }

    private func readJSON(
        _ bytes: ByteBuffer, _ version: ClientCodec.Version
    ) throws(Failure) -> EnvelopeFinding {
        let span = bytes.readableBytesUInt8Span
        var json = JSONLimits()
        json.maxDepth = limits.maxJSONDepth
        let envelope: Envelope
        do {
            envelope =
                version == .v1
                ? try EnvelopeScanner.scanObject(span, limits: json)
                : try EnvelopeScanner.scanArray(span, limits: json)
        } catch {
            throw Failure(
                position: error.offset, kind: "\(ProtocolError.Code.invalidJSON.rawValue)/\(error.code.rawValue)",
                sentence: error.description,
                rule: version == .v1 ? "Phoenix 1.0.0: a JSON object" : "Phoenix 2.0.0: a JSON array of five")
        }
        func text(_ range: Range<Int>) -> String {
            bytes.getString(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ""
        }
        func string(_ range: Range<Int>) -> String {
            JSONString.decode(bytes.readableBytesUInt8Span.extracting(range)) ?? text(range)
        }
        return EnvelopeFinding(
            format: version == .v1 ? .v1 : .v2, meaning: .push, joinRef: envelope.joinRef.map(text),
            ref: text(envelope.ref), topic: string(envelope.topic), event: string(envelope.event),
            payload: Payload(kind: .json, bytes: slice(envelope.payload, of: bytes)))
    }

    private func readBinary(_ bytes: ByteBuffer) throws(Failure) -> EnvelopeFinding {
        let span = bytes.readableBytesUInt8Span
        let envelope: BinaryEnvelope
        do {
            envelope = source == .client ? try BinaryScanner.scanClient(span) : try BinaryScanner.scanServer(span)
        } catch {
            throw Failure(
                position: error.offset, kind: "\(ProtocolError.Code.invalidBinary.rawValue)/\(error.code.rawValue)",
                sentence: error.description, rule: "Phoenix 2.0.0: kind, sizes, fields, payload")
        }
        func text(_ range: Range<Int>) -> String {
            bytes.getString(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ""
        }
        let kind = envelope.kind
        return EnvelopeFinding(
            format: .v2Binary, meaning: .push, joinRef: kind.hasJoinRef ? text(envelope.joinRef) : nil,
            ref: kind.hasRef ? text(envelope.ref) : nil, topic: text(envelope.topic), event: text(envelope.event),
            payload: .binary(slice(envelope.payload, of: bytes)), headerBytes: headerBytes(kind, bytes))
    }

    private func readTerm(_ bytes: ByteBuffer) -> EnvelopeFinding? {
        var limits = limits
        limits.keepsUnknownAtoms = true
        guard let message = try? ETFSerializer(limits: limits).decode(bytes, kind: .binary) else { return nil }
        let topic =
            switch message.topic {
            case .name(let name): name
            case .other(let json): json
            }
        var finding = EnvelopeFinding(
            format: .etf, meaning: Self.meaning(of: message), joinRef: message.joinRef.json, ref: message.ref.json,
            topic: topic, event: message.event,
            payload: (try? message.payload.converted(to: .json)) ?? message.payload)
        guard source == .server else { return finding }
        switch message.event {
        case OutboundMessage.Event.reply:
            let payload = finding.payload.bytes
            guard let parts = try? ReplyScanner.scan(payload.readableBytesUInt8Span),
                let status = JSONString.decode(payload.readableBytesUInt8Span.extracting(parts.status))
            else { return finding }
            finding.meaning = .reply(status: status)
            finding.payload = Payload(kind: .json, bytes: slice(parts.response, of: payload))
        case OutboundMessage.Event.close: finding.meaning = .close
        case OutboundMessage.Event.error: finding.meaning = .error
        default: finding.meaning = message.joinRef.isNull && message.ref.isNull ? .broadcast : .serverPush
        }
        return finding
    }

    private func headerBytes(_ kind: BinaryEnvelope.Kind, _ bytes: ByteBuffer) -> [EnvelopeFinding.HeaderByte] {
        let kindName =
            switch kind {
            case .clientPush: "kind 0: push from a client"
            case .push: "kind 0: push from a server"
            case .reply: "kind 1: reply"
            case .broadcast: "kind 2: broadcast"
            }
        var names = [kindName]
        if kind.hasJoinRef { names.append("join_ref size") }
        if kind.hasRef { names.append("ref size") }
        names += ["topic size", kind == .reply ? "status size" : "event size"]
        return names.enumerated().compactMap { index, name in
            bytes.getInteger(at: bytes.readerIndex + index).map { .init(offset: index, value: $0, name: name) }
        }
    }

    /// Lets the receiving end's serializer decode the message: it gives the meaning, and has limits of its own.
    private func judge(
        _ bytes: ByteBuffer, _ kind: MessageKind, _ version: ClientCodec.Version, _ finding: inout EnvelopeFinding
    ) throws(Failure) {
        let frameKind: FrameKind = kind == .text ? .text : .binary
        do throws(ProtocolError) {
            switch source {
            case .client:
                let serializer: any Serializer =
                    version == .v1 ? V1JSONSerializer(limits: limits) : V2JSONSerializer(limits: limits)
                finding.meaning = Self.meaning(of: try serializer.decode(bytes, kind: frameKind))
            case .server:
                let message = try ClientCodec(version, limits: limits).decode(bytes, kind: frameKind)
                finding.meaning = Self.meaning(of: message, version)
                if case .reply = message.kind {
                    finding.event = message.event
                    finding.payload = message.payload
                }
            }
        } catch {
            throw Failure(
                position: 0, kind: error.code.rawValue, sentence: error.sentence,
                rule: "Phoenix \(version.rawValue)")
        }
    }

    private static func meaning(of message: Message) -> EnvelopeFinding.Meaning {
        switch message.event {
        case OutboundMessage.Event.join: .join
        case OutboundMessage.Event.leave: .leave
        case OutboundMessage.Event.heartbeat where message.topic == .name("phoenix"): .heartbeat
        default: .push
        }
    }

    private static func meaning(
        of message: OutboundMessage, _ version: ClientCodec.Version
    ) -> EnvelopeFinding.Meaning {
        switch (message.kind, message.event) {
        case (.reply(let status), _): .reply(status: status)
        case (_, OutboundMessage.Event.close): .close
        case (_, OutboundMessage.Event.error): .error
        case (.broadcast, _): .broadcast
        case (.push, _): version == .v1 ? .pushOrBroadcast : .serverPush
        }
    }

    private func slice(_ range: Range<Int>, of bytes: ByteBuffer) -> ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}
