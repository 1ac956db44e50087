// Firecrest — the client's end of a WebSocket, as a handler.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import NIOHTTP1

/// What a connection tells whoever made it. Called on its event loop.
protocol ClientConnectionDelegate: AnyObject {
    func opened(_ connection: ClientConnection)
    func received(_ payload: ByteBuffer, kind: MessageKind)
    func receivedPong(_ payload: ByteBuffer)
    /// The last call. `error` is nil when the connection ended as ``ClientConnection/close()`` asked.
    func closed(_ error: ConsoleError?)
    /// Bytes as they go over the wire, in either direction.
    func observed(_ bytes: ByteBuffer, from source: Source)
}

/// Opens a WebSocket on a connected channel, and reads and writes its messages.
///
/// Isolation: not Sendable; belongs to the channel's event loop.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// With what came of the response.
        case opening(HandshakeReader)
        case open
        /// A close frame went out; the other end's is awaited.
        case closing
        case closed
    }

    private static let deflateOptions = DeflateOptions()

    private let handshake: ClientHandshake
    private let timeout: TimeAmount
    private let limits: FrameLimits
    private var delegate: (any ClientConnectionDelegate)?
    private var context: ChannelHandlerContext?
    private var phase: Phase
    private var decoder: MessageDecoder
    private let inflater = Inflater()
    private var deflater: Deflater?
    private var generator = SystemRandomNumberGenerator()
    private var timer: Scheduled<Void>?

    convenience init(
        _ options: ConsoleOptions, limits: FrameLimits = FrameLimits(), delegate: any ClientConnectionDelegate
    ) {
        self.init(
            handshake: ClientHandshake(options), timeout: options.timeout, limits: limits, delegate: delegate)
    }

    init(
        handshake: ClientHandshake, timeout: TimeAmount, limits: FrameLimits = FrameLimits(),
        delegate: any ClientConnectionDelegate
    ) {
        self.handshake = handshake
        self.timeout = timeout
        self.limits = limits
        self.delegate = delegate
        phase = .opening(HandshakeReader(handshake))
        decoder = MessageDecoder(role: .client, limits: limits, compression: nil)
    }

    // MARK: sending

    /// Sends a whole message, compressed where that was agreed and makes it shorter.
    ///
    /// - Returns: done when the kernel has it.
    func send(_ payload: ByteBuffer, kind: MessageKind) -> EventLoopFuture<Void>? {
        guard case .open = phase else { return nil }
        let opcode: Opcode = kind == .text ? .text : .binary
        if let deflater, payload.readableBytes >= Self.deflateOptions.minimumBytes {
            let compressed = deflater.deflate(payload, allocator: ByteBufferAllocator())
            if compressed.readableBytes < payload.readableBytes { return write(opcode, compressed, compressed: true) }
        }
        return write(opcode, payload)
    }

    /// Payloads over 125 bytes are cut: a control frame has no more.
    func ping(_ payload: ByteBuffer) {
        guard case .open = phase else { return }
        _ = write(
            .ping,
            payload.getSlice(
                at: payload.readerIndex, length: min(payload.readableBytes, FrameEncoder.maxControlBytes)) ?? payload)
    }

    /// Closes with 1000 and waits for the other end's close frame, as long as the timeout says.
    func close() {
        guard let context else { return }
        guard case .open = phase else {
            finish(nil)
            return
        }
        sendClose(.normal, reason: "")
        phase = .closing
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: timeout) { bound.value.finish(nil) }
    }

    private func sendClose(_ code: CloseCode, reason: String) {
        _ = write(.close, FrameEncoder.closeBody(code, reason: reason, allocator: ByteBufferAllocator()))
    }

    @discardableResult
    private func write(_ opcode: Opcode, _ payload: ByteBuffer, compressed: Bool = false) -> EventLoopFuture<Void>? {
        guard let context else { return nil }
        let frame = FrameEncoder.frame(
            opcode: opcode, payload: payload, compressed: compressed, allocator: ByteBufferAllocator(),
            maskKey: .random(in: .min ... .max, using: &generator))
        return write(frame, context)
    }

    private func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        delegate?.observed(bytes, from: .client)
        return context.writeAndFlush(wrapOutboundOut(bytes))
    }

    // MARK: receiving

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let seconds = TextReport.decimal(Double(timeout.nanoseconds) / 1e9)
        timer = context.eventLoop.scheduleTask(in: timeout) {
            bound.value.finish(
                ConsoleError(
                    "the server did not answer the handshake within \(seconds) s. Does it speak HTTP at this port?"))
        }
        _ = write(handshake.request, context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch phase {
        case .opening(var reader):
            readHead(bytes, &reader)
        case .open, .closing:
            delegate?.observed(bytes, from: .server)
            readFrames(bytes)
        case .closed: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch phase {
        case .opening(let reader): finish(reader.ended())
        case .open: finish(ConsoleError("the server dropped the connection without a close frame."))
        case .closing, .closed: finish(nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(ConsoleError("the connection failed: \(error)."))
    }

    private func readHead(_ bytes: ByteBuffer, _ reader: inout HandshakeReader) {
        do throws(ConsoleError) {
            guard let answer = try reader.read(bytes) else {
                phase = .opening(reader)
                return
            }
            delegate?.observed(answer.head, from: .server)
            open(try answer.outcome.get())
            guard answer.rest.readableBytes > 0 else { return }
            delegate?.observed(answer.rest, from: .server)
            readFrames(answer.rest)
        } catch {
            finish(error)
        }
    }

    private func open(_ agreement: DeflateAgreement?) {
        timer?.cancel()
        timer = nil
        decoder = MessageDecoder(role: .client, limits: limits, compression: agreement)
        if let agreement {
            deflater = Deflater(options: Self.deflateOptions, windowBits: agreement.clientMaxWindowBits)
        }
        phase = .open
        delegate?.opened(self)
    }

    private func readFrames(_ bytes: ByteBuffer) {
        var bytes = bytes
        do throws(WebSocketError) {
            while let event = try decoder.next(&bytes, inflater: { inflater }) { take(event) }
        } catch {
            sendClose(error.code, reason: error.reason)
            finish(ConsoleError("the server broke the protocol: \(error.reason) (\(error.kind.rawValue))"))
        }
    }

    private func take(_ event: WebSocketEvent) {
        switch event {
        case .message(let kind, let payload): delegate?.received(payload, kind: kind)
        case .ping(let payload): write(.pong, payload)
        case .pong(let payload): delegate?.receivedPong(payload)
        case .close(let code, let reason):
            if case .closing = phase {
                finish(nil)
                return
            }
            // The same code back (RFC 6455 §5.5.1).
            sendClose(code ?? CloseCode(rawValue: 1005), reason: "")
            let close = TextReport.describe(.init(code: code?.rawValue, reason: reason))
            finish(ConsoleError("the server closed the connection: \(close)."))
        }
    }

    private func finish(_ error: ConsoleError?) {
        if case .closed = phase { return }
        phase = .closed
        timer?.cancel()
        timer = nil
        context?.close(promise: nil)
        context = nil
        delegate?.closed(error)
        delegate = nil
    }
}

@available(*, unavailable)
extension ClientConnection: Sendable {}
