// Firecrest — the frames of one direction, one finding each.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// Cuts a stream into frames and lets the receiving end's decoder judge each of them.
///
/// ``FrameBits`` says where a frame ends, right or wrong; whether it is right only ``MessageDecoder`` says. After an error
/// the decoder of before is taken up again (it is a value), where possible with the frame as it should have been, so that
/// one wrong bit does not hide the rest.
struct StreamInspector {
    let source: Source
    private let settings: InspectSettings
    private let compression: Compression
    private let version: ClientCodec.Version?
    private let readsEnvelopes: Bool
    private let inflater: Inflater

    private var pending: ByteBuffer
    /// Of the first pending byte, in the input.
    private var offset: Int
    private var hasEnded = false
    private var isStopped = false
    private var hasClosed = false
    private var number = 0
    private var decoder: MessageDecoder
    private var trail: MessageTrail?

    /// - Parameter offset: of the first byte that will be appended, in the input.
    init(source: Source, context: HandshakeContext, settings: InspectSettings, offset: Int = 0) {
        self.source = source
        self.settings = settings
        self.offset = offset
        compression = context.compression(from: source, settings)
        inflater = Inflater(keepsContext: compression == .agreed(keepsContext: true))
        switch settings.phoenix {
        case .automatic: (version, readsEnvelopes) = (context.version, true)
        case .version(let version): (self.version, readsEnvelopes) = (version, true)
        case .none: (version, readsEnvelopes) = (nil, false)
        }
        pending = ByteBuffer()
        decoder = Self.makeDecoder(source, settings, compression)
    }

    mutating func append(_ bytes: ByteBuffer) {
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeImmutableBuffer(bytes) }
    }

    /// No more bytes will come: what is unfinished is wrong.
    mutating func end() {
        hasEnded = true
    }

    /// The next frame; `nil` when more bytes are needed, or none are left.
    mutating func next() -> FrameFinding? {
        guard !isStopped, pending.readableBytes > 0 else { return nil }
        let (bits, length) = nextFrame
        if let length, length <= pending.readableBytes, let frame = pending.readSlice(length: length) {
            return inspect(frame, bits)
        }
        // A length beyond Int is wrong however much comes.
        return hasEnded || length == .max ? cutShort(bits) : nil
    }

    /// What the pending bytes say of the frame that they begin with. The length is nil while the header is not all there.
    private var nextFrame: (bits: FrameBits, length: Int?) {
        let span = pending.readableBytesUInt8Span
        let bits = FrameBits(first: span[0], second: span.count >= 2 ? span[1] : 0)
        guard span.count >= max(bits.headerLength, 2), let declared = bits.declaredLength(span) else {
            return (bits, nil)
        }
        let (length, overflow) = Int(clamping: declared).addingReportingOverflow(bits.headerLength)
        return (bits, overflow ? .max : length)
    }

    // MARK: one frame

    private mutating func makeFinding(_ frame: ByteBuffer, _ bits: FrameBits) -> FrameFinding {
        let span = frame.readableBytesUInt8Span
        var rest = frame
        let header = rest.readSlice(length: min(bits.headerLength, frame.readableBytes)) ?? ByteBuffer()
        let key = span.count >= 2 ? bits.maskKey(span) : nil
        let unmasked = ByteBuffer(bytes: rest.readableBytesView)
        if let key, key != 0 { Masking.applyInPlace(key, to: unmasked, count: unmasked.readableBytes) }
        number += 1
        defer { offset += frame.readableBytes }
        return FrameFinding(
            source: source, number: number, offset: offset, bits: bits, header: header,
            payloadLength: span.count >= 2 ? bits.declaredLength(span) : nil, maskKey: bits.isMasked ? key : nil,
            payload: rest, unmasked: unmasked)
    }

    private mutating func inspect(_ frame: ByteBuffer, _ bits: FrameBits) -> FrameFinding {
        var finding = makeFinding(frame, bits)
        if hasClosed {
            finding.problems.append(
                Problem(
                    offset: finding.offset, kind: "after_close", sentence: "A frame follows the close frame.",
                    rule: "RFC 6455 §5.5.1", consequence: "discards it"))
            restart()
        }
        var candidate: ByteBuffer? = frame
        while let bytes = candidate {
            candidate = judge(bytes, &finding)
        }
        return finding
    }

    /// Feeds a frame to the decoder. After an error, the frame as it is worth trying again; `nil` to leave it.
    private mutating func judge(_ frame: ByteBuffer, _ finding: inout FrameFinding) -> ByteBuffer? {
        let before = decoder
        // A copy, since the decoder unmasks where the bytes lie.
        var bytes = ByteBuffer(bytes: frame.readableBytesView)
        let inflater = inflater
        do throws(WebSocketError) {
            let event = try decoder.next(&bytes) { inflater }
            follow(frame, finding)
            note(event, &finding)
            return nil
        } catch {
            var problem = Problem(error, at: place(of: error.kind, in: finding))
            decoder = before
            let (next, aftermath) = recover(from: error.kind, finding)
            problem.aftermath = aftermath
            // The same again means that the frame cannot be mended.
            let isRepeated = finding.problems.contains { $0.kind == problem.kind && $0.offset == problem.offset }
            if !isRepeated { finding.problems.append(problem) }
            return isRepeated ? nil : next
        }
    }

    /// Keeps the trail of the message that a frame belongs to, once the decoder has taken it.
    private mutating func follow(_ frame: ByteBuffer, _ finding: FrameFinding) {
        let first = frame.getInteger(at: frame.readerIndex, as: UInt8.self) ?? 0
        switch Opcode(rawValue: first & 0x0F) {
        case .text: trail = MessageTrail(kind: .text, isCompressed: first & 0x40 != 0)
        case .binary: trail = MessageTrail(kind: .binary, isCompressed: first & 0x40 != 0)
        case .continuation: break
        default: return
        }
        trail?.append(finding.unmasked, at: finding.payloadOffset)
    }

    private mutating func note(_ event: WebSocketEvent?, _ finding: inout FrameFinding) {
        if let trail, Opcode(rawValue: finding.bits.opcode)?.isControl == false,
            trail.frames > 1 || !finding.bits.isFinal
        {
            finding.assembly = .init(frames: trail.frames, bytes: trail.bytes, isFinal: finding.bits.isFinal)
        }
        switch event {
        case .message(let kind, let bytes):
            guard let trail else { return }
            self.trail = nil
            var message = MessageFinding(
                kind: kind, frames: trail.frames, bytes: bytes,
                compressedBytes: trail.isCompressed ? trail.bytes : nil)
            readEnvelope(of: &message, trail, &finding)
            finding.message = message
        case .close(let code, let reason):
            hasClosed = true
            finding.close = .init(code: code?.rawValue, reason: reason)
        case .ping, .pong, nil: break
        }
    }

    private func readEnvelope(of message: inout MessageFinding, _ trail: MessageTrail, _ finding: inout FrameFinding) {
        guard readsEnvelopes else { return }
        let reader = EnvelopeReader(source: source, limits: settings.messageLimits)
        do throws(EnvelopeReader.Failure) {
            var envelope = try reader.read(message.bytes, kind: message.kind, version: version)
            if !trail.isCompressed, let bytes = envelope?.headerBytes {
                envelope?.headerBytes = bytes.map {
                    .init(offset: trail.offset(ofByte: $0.offset), value: $0.value, name: $0.name)
                }
            }
            message.envelope = envelope
        } catch {
            finding.problems.append(
                Problem(
                    offset: trail.offset(ofByte: error.position), kind: error.kind,
                    sentence: trail.isCompressed ? error.sentence + " (Of the inflated message.)" : error.sentence,
                    rule: error.rule,
                    consequence: source == .client ? "closes with 1011" : "cannot decode the message"))
        }
    }

    // MARK: errors

    private static func makeDecoder(
        _ source: Source, _ settings: InspectSettings, _ compression: Compression
    ) -> MessageDecoder {
        // The windows say how large the inflater's must be, and it has the largest.
        let agreement =
            compression == .none ? nil : DeflateAgreement(serverMaxWindowBits: 15, clientMaxWindowBits: 15)
        return MessageDecoder(role: source.receiver, limits: settings.limits, compression: agreement)
    }

    private mutating func restart() {
        decoder = Self.makeDecoder(source, settings, compression)
        trail = nil
        hasClosed = false
    }

    /// The byte that shows the error.
    private func place(of kind: WebSocketError.Kind, in finding: FrameFinding) -> Int {
        let start = finding.offset
        switch kind {
        case .frameReservedBits, .frameReservedOpcode, .controlFragmented, .continuationUnexpected,
            .continuationExpected, .fragmentsExceeded:
            return start
        case .frameNotMasked, .frameMasked, .controlTooLong:
            return start + 1
        case .frameLengthNotMinimal, .frameLengthInvalid:
            return start + 2
        case .frameTooBig, .messageTooBig:
            return start + (finding.bits.extendedLengthBytes > 0 ? 2 : 1)
        case .closeBodyInvalid, .closeCodeInvalid:
            return finding.payloadOffset
        case .closeReasonNotUTF8:
            var reason = finding.unmasked
            reason.moveReaderIndex(forwardBy: min(2, reason.readableBytes))
            return finding.payloadOffset + 2 + MessageTrail.firstBadByte(of: reason)
        case .textNotUTF8:
            if isCompressed(finding) { return trail?.offset(ofByte: 0) ?? finding.payloadOffset }
            let bad = trail?.firstBadByte(of: finding.unmasked) ?? MessageTrail.firstBadByte(of: finding.unmasked)
            // A text that ends inside a character: at its last byte.
            return finding.payloadOffset + max(min(bad, finding.unmasked.readableBytes - 1), 0)
        case .deflateInvalid, .inflateRatioExceeded, .inflateUnavailable:
            return trail?.offset(ofByte: 0) ?? finding.payloadOffset
        }
    }

    private func isCompressed(_ finding: FrameFinding) -> Bool {
        trail?.isCompressed ?? (finding.bits.rsv1 && compression != .none)
    }

    /// How to go on: what to try instead of the frame, and what to tell.
    private mutating func recover(
        from kind: WebSocketError.Kind, _ finding: FrameFinding
    ) -> (ByteBuffer?, String) {
        switch kind {
        case .frameNotMasked: return (mended(finding), "read on as if it were masked")
        case .frameMasked: return (mended(finding), "read on as if it were not masked")
        case .frameLengthNotMinimal: return (mended(finding), "read on with the length that it says")
        case .frameReservedBits:
            let opcode = Opcode(rawValue: finding.bits.opcode)
            if finding.bits.rsv1, compression == .none, opcode == .text || opcode == .binary {
                restart()
                return (nil, "frame left out; say --deflate if permessage-deflate was agreed")
            }
            return (mended(finding), "read on as if the bits were 0")
        case .continuationExpected:
            restart()
            return (mended(finding), "the unfinished message is left out")
        case .frameReservedOpcode, .controlFragmented, .controlTooLong, .continuationUnexpected, .closeBodyInvalid,
            .closeCodeInvalid, .closeReasonNotUTF8:
            return (nil, "frame left out")
        case .frameLengthInvalid:
            isStopped = true
            return (nil, "nothing says where the next frame begins")
        case .frameTooBig, .messageTooBig, .fragmentsExceeded, .textNotUTF8, .deflateInvalid, .inflateRatioExceeded,
            .inflateUnavailable:
            restart()
            return (nil, "message left out")
        }
    }

    /// The frame as it should have been sent: masked as its direction wants it, with the shortest length and no bits that
    /// mean nothing.
    private func mended(_ finding: FrameFinding) -> ByteBuffer? {
        guard let opcode = Opcode(rawValue: finding.bits.opcode) else { return nil }
        var frame = ByteBuffer()
        FrameEncoder.writeHeader(
            into: &frame, opcode: opcode, fin: finding.bits.isFinal,
            compressed: finding.bits.rsv1 && compression != .none && (opcode == .text || opcode == .binary),
            payloadLength: finding.unmasked.readableBytes, maskKey: source == .client ? 0 : nil)
        frame.writeImmutableBuffer(finding.unmasked)
        return frame
    }

    /// What is left when the input ends inside a frame.
    private mutating func cutShort(_ bits: FrameBits) -> FrameFinding {
        let frame = pending
        isStopped = true
        pending = ByteBuffer()
        var finding = makeFinding(frame, bits)
        var bytes = ByteBuffer(bytes: frame.readableBytesView)
        let inflater = inflater
        do throws(WebSocketError) {
            _ = try decoder.next(&bytes) { inflater }
        } catch {
            finding.problems.append(Problem(error, at: place(of: error.kind, in: finding)))
        }
        let end = offset
        if let declared = finding.payloadLength, frame.readableBytes >= bits.headerLength {
            let missing = declared - UInt64(finding.payload.readableBytes)
            finding.problems.append(
                .inputEnds(at: end, "The input ends \(missing) bytes before the end of the frame."))
        } else {
            finding.problems.append(.inputEnds(at: end, "The input ends inside the header of a frame."))
        }
        finding.stop = "the frame is not complete"
        return finding
    }

    /// What is unfinished when the input ends between two frames.
    var unfinished: Problem? {
        guard hasEnded, !isStopped, let trail else { return nil }
        return .inputEnds(
            at: offset, "The input ends inside a message, after \(trail.frames) of its frames.")
    }
}
