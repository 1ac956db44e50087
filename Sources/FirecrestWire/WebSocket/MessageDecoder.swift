// Firecrest — bytes in, messages and control frames out.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Reads one connection's frames and reassembles its messages (RFC 6455 §5 and §6.2, RFC 7692 §6.2).
///
/// Feed it read buffers, and call ``next(_:inflater:)`` until it returns `nil`. Between messages it is 48 bytes and owns
/// no memory elsewhere; a message that arrives whole in one read costs no allocation either.
///
/// After a close frame or an error the connection is over (RFC 6455 §7.1.7): whatever comes is discarded.
package struct MessageDecoder: Sendable {
    private enum Phase {
        /// Between frames, with what there is of the next header.
        case header(HeaderBytes)
        /// In a data frame; the header tells what is still missing, the key is rotated to it.
        case data(FrameHeader)
        /// The same for a control frame, which may come between the fragments of a message (RFC 6455 §5.4). Indirect: one
        /// that comes in pieces is rare, and every connection has a phase.
        indirect case control(FrameHeader, ByteBuffer)
        /// After a close frame or an error.
        case finished
    }

    private let limits: FrameLimits
    private var phase = Phase.header(HeaderBytes())
    private let role: WebSocketRole
    private let compressionAgreed: Bool
    /// The message that has not all arrived: none, or one. An array, so that it takes no room here between messages.
    private var message: [MessageAssembly] = []

    /// - Parameter compression: what the handshake agreed; with `nil`, RSV1 is a protocol error.
    package init(role: WebSocketRole, limits: FrameLimits, compression: DeflateAgreement?) {
        self.role = role
        self.limits = limits
        self.compressionAgreed = compression != nil
    }

    /// Whether a header, a frame or a fragmented message is unfinished.
    package var isMidMessage: Bool {
        if !message.isEmpty { return true }
        return switch phase {
        case .header(let held): !held.isEmpty
        case .data, .control: true
        case .finished: false
        }
    }

    /// Memory held for what is unfinished, in bytes: under twice what was received, whatever a header declares.
    /// 0 between messages.
    package var heldBytes: Int {
        let assembled = message.first?.capacity ?? 0
        guard case .control(_, let payload) = phase else { return assembled }
        return assembled + payload.capacity
    }

    /// The next event in `buffer`; `nil` when all of `buffer` is consumed and more must come.
    ///
    /// The decoder owns the bytes it is given and unmasks them where they lie, even if another reference to their
    /// storage exists (see ``Masking/applyInPlace(_:to:count:)``). An event's buffer is a slice of `buffer` when the
    /// frame was whole in it.
    ///
    /// - Parameter inflater: lends the loop's inflater; called only when a compressed message is complete.
    /// - Throws: what the peer did wrong, with the close code to send. The decoder is finished then.
    package mutating func next(
        _ buffer: inout ByteBuffer, inflater: () -> Inflater
    ) throws(WebSocketError) -> WebSocketEvent? {
        do throws(WebSocketError) {
            while true {
                switch phase {
                case .header(let held):
                    guard let header = try readHeader(from: &buffer, after: held) else { return nil }
                    if let event = try begin(header, in: &buffer, inflater: inflater) { return event }
                case .data(let header):
                    guard try readData(of: header, from: &buffer) else { return nil }
                    if header.isFinal { return try finishMessage(inflater: inflater) }
                case .control(let header, let payload):
                    phase = .header(HeaderBytes())  // leaves `payload` the only reference, so that it grows in place
                    guard let event = try readControl(header, payload, from: &buffer) else { return nil }
                    return event
                case .finished:
                    buffer.moveReaderIndex(to: buffer.writerIndex)
                    return nil
                }
            }
        } catch {
            phase = .finished
            message = []
            throw error
        }
    }

    private mutating func readHeader(
        from buffer: inout ByteBuffer, after held: HeaderBytes
    ) throws(WebSocketError) -> FrameHeader? {
        if held.isEmpty,
            let header = try FrameHeader.parse(
                buffer.readableBytesUInt8Span, role: role, compressionAgreed: compressionAgreed)
        {
            buffer.moveReaderIndex(forwardBy: Int(header.headerLength))
            return header
        }
        var held = held
        held.fill(from: &buffer)
        let header = try held.parse(role: role, compressionAgreed: compressionAgreed)
        phase = .header(header == nil ? held : HeaderBytes())
        return header
    }

    /// Checks a header against the state and the limits; the phase is "between frames".
    ///
    /// Returns the event at once when the frame is all there is to it and lies whole in `buffer`; otherwise sets the
    /// phase that will read the payload.
    private mutating func begin(
        _ header: FrameHeader, in buffer: inout ByteBuffer, inflater: () -> Inflater
    ) throws(WebSocketError) -> WebSocketEvent? {
        if header.opcode.isControl {
            guard header.payloadLength <= buffer.readableBytes else {
                phase = .control(header, ByteBuffer())
                return nil
            }
            guard let payload = unmask(header, count: header.payloadLength, from: &buffer) else { return nil }
            return try controlEvent(header.opcode, payload)
        }

        guard header.payloadLength <= limits.maxFrameBytes else {
            throw WebSocketError(
                code: .messageTooBig, kind: .frameTooBig,
                reason: "A frame declares \(header.payloadLength) bytes; the limit is \(limits.maxFrameBytes).")
        }
        if header.opcode == .continuation {
            guard !message.isEmpty else {  // RFC 6455 §5.4
                throw WebSocketError(
                    code: .protocolError, kind: .continuationUnexpected,
                    reason: "A continuation frame follows no unfinished message.")
            }
        } else {
            guard message.isEmpty else {  // RFC 6455 §5.4
                throw WebSocketError(
                    code: .protocolError, kind: .continuationExpected,
                    reason: "A new message begins inside an unfinished one.")
            }
            let kind: MessageKind = header.opcode == .text ? .text : .binary
            if header.isFinal, header.payloadLength <= buffer.readableBytes {
                guard header.payloadLength <= limits.maxMessageBytes else {
                    throw .messageTooBig(limit: limits.maxMessageBytes)
                }
                guard let payload = unmask(header, count: header.payloadLength, from: &buffer) else { return nil }
                return try wholeMessage(kind, isCompressed: header.isCompressed, payload, inflater: inflater)
            }
            message = [MessageAssembly(kind: kind, isCompressed: header.isCompressed)]
        }
        for index in message.indices { try message[index].admit(header, limits: limits) }
        phase = .data(header)
        return nil
    }

    /// Moves what there is of a data frame into the assembly; `true` at the frame's end.
    private mutating func readData(
        of header: FrameHeader, from buffer: inout ByteBuffer
    ) throws(WebSocketError) -> Bool {
        let count = min(header.payloadLength, buffer.readableBytes)
        if count > 0, let piece = unmask(header, count: count, from: &buffer) {
            for index in message.indices { try message[index].append(piece) }
        }
        guard count == header.payloadLength else {
            phase = .data(header.rest(after: count))
            return false
        }
        phase = .header(HeaderBytes())
        return true
    }

    private mutating func readControl(
        _ header: FrameHeader, _ payload: consuming ByteBuffer, from buffer: inout ByteBuffer
    ) throws(WebSocketError) -> WebSocketEvent? {
        let count = min(header.payloadLength, buffer.readableBytes)
        if let piece = unmask(header, count: count, from: &buffer) {
            payload.writeImmutableBuffer(piece)
        }
        guard count == header.payloadLength else {
            phase = .control(header.rest(after: count), payload)
            return nil
        }
        return try controlEvent(header.opcode, payload)
    }

    /// Unmasks `count` bytes in place and reads them off as a slice.
    private func unmask(_ header: FrameHeader, count: Int, from buffer: inout ByteBuffer) -> ByteBuffer? {
        if header.maskKey != 0 {
            Masking.applyInPlace(header.maskKey, to: buffer, count: count)
        }
        return buffer.readSlice(length: count)
    }

    private mutating func finishMessage(inflater: () -> Inflater) throws(WebSocketError) -> WebSocketEvent? {
        guard let finished = message.popLast() else { return nil }
        message = []
        if finished.isCompressed {
            return try wholeMessage(finished.kind, isCompressed: true, finished.payload, inflater: inflater)
        }
        try finished.checkEnd()
        return .message(finished.kind, finished.payload)
    }

    /// The event for a payload that is complete but not yet inflated or validated.
    private func wholeMessage(
        _ kind: MessageKind, isCompressed: Bool, _ payload: consuming ByteBuffer, inflater: () -> Inflater
    ) throws(WebSocketError) -> WebSocketEvent {
        if isCompressed {  // RFC 7692 §6.2
            let inflated = try inflater().inflate(
                payload, maxBytes: limits.maxMessageBytes, maxRatio: limits.maxInflateRatio,
                allocator: ByteBufferAllocator())
            return try wholeMessage(kind, isCompressed: false, inflated, inflater: inflater)
        }
        if kind == .text {
            guard UTF8Validator.isValid(payload.readableBytesUInt8Span) else { throw .textNotUTF8 }
        }
        return .message(kind, payload)
    }

    private mutating func controlEvent(
        _ opcode: Opcode, _ payload: ByteBuffer
    ) throws(WebSocketError) -> WebSocketEvent? {
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        default:
            let body = try CloseBody(payload)
            phase = .finished
            message = []
            return .close(body.code, reason: body.reason)
        }
    }
}

extension FrameHeader {
    /// What is left of the frame after `count` bytes of its payload.
    fileprivate func rest(after count: Int) -> FrameHeader {
        var rest = self
        rest.payloadLength -= count
        rest.maskKey = Masking.rotated(maskKey, by: count)
        return rest
    }
}
