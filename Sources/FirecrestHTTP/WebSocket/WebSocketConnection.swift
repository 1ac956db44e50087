// Firecrest — the one handler of an upgraded connection.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore

/// A WebSocket connection on its event loop: bytes in, messages to the session; messages from the session, frames out.
///
/// The only handler in the pipeline after the upgrade, and itself the connection's timer and its entry in the loop's
/// registry, so that an idle connection is one object here.
///
/// Isolation: belongs to its loop; not `Sendable`.
package final class WebSocketConnection: OutboundConnection, ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    enum Phase {
        case open
        /// Our close frame is queued; the other side's has not come.
        case closeSent
        /// Nothing more will be read with interest: the last frames leave, then the connection closes.
        case draining
        case closed
    }

    /// Exists while the session does not want to be fed.
    final class Pause {
        let since: NIODeadline
        /// Bytes that came before the session asked, copied to their exact size.
        var input: ByteBuffer?

        init(since: NIODeadline) {
            self.since = since
        }
    }

    // Every byte here is there once for each client; docs/memory-budget.md counts them.
    let parameters: WebSocketParameters
    private var session: (any WebSocketSession)?
    /// Unchecked: `decode` alone uses it, and is not entered twice (`isDecoding`).
    @exclusivity(unchecked) private var decoder: MessageDecoder
    var pause: Pause?
    /// When bytes came last, whatever they were: a sign of life.
    var lastRead: NIODeadline
    /// When something came last that keeps the connection from being idle: anything but answers to our own pings.
    var lastHeard: NIODeadline
    var closeDeadline = NIODeadline.distantFuture
    /// When the ping that is not answered yet went out.
    var pingedAt: NIODeadline?
    var phase = Phase.open
    private var end = ConnectionEnd.client
    private var isDecoding = false
    private var readWanted = false

    package init(loop: LoopContext, parameters: WebSocketParameters, session: any WebSocketSession) {
        self.parameters = parameters
        self.session = session
        self.decoder = MessageDecoder(
            role: .server, limits: parameters.frameLimits, compression: parameters.agreement)
        self.lastRead = loop.timers.now
        self.lastHeard = lastRead
        super.init(loop: loop)
    }

    package var isOpen: Bool { phase == .open }

    // MARK: from the channel

    package func handlerAdded(context: ChannelHandlerContext) {
        begin(context)
        loop.statistics.webSocketsOpen += 1
        try? context.channel.syncOptions?.setOption(
            .recvAllocator, value: SharedReceiveAllocator(loop: NIOLoopBound(loop, eventLoop: context.eventLoop)))
        armTimer()
        session?.opened(self)
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        finish()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        finish()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !error.isMissingFarewell else { return }
        if phase == .open { end = .failed }
        context.close(promise: nil)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let input = unwrapInboundIn(data)
        lastRead = loop.timers.now
        loop.statistics.bytesReceived += input.readableBytes
        guard phase == .open || phase == .closeSent else { return }
        if let pause {
            stall(input, in: pause)
        } else {
            decode(input)
        }
        loop.readBuffer.giveBack(input)
    }

    package func read(context: ChannelHandlerContext) {
        if pause != nil {
            readWanted = true
        } else {
            context.read()
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        writabilityChanged(context)
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent {
            context.close(promise: nil)
        }
    }

    // MARK: input

    private func decode(_ input: ByteBuffer) {
        var input = input
        isDecoding = true
        defer { isDecoding = false }
        let session = session
        do {
            while phase == .open || phase == .closeSent {
                if let pause {
                    if input.readableBytes > 0 { stall(input, in: pause) }
                    return
                }
                guard let event = try decoder.next(&input, inflater: { loop.deflate.inflater }) else {
                    if decoder.isMidMessage { lastHeard = lastRead }
                    return
                }
                if case .message(let kind, let payload) = event {
                    lastHeard = lastRead
                    loop.statistics.messagesReceived += 1
                    if phase == .open { session?.received(payload, kind: kind) }
                    continue
                }
                if case .pong(let payload) = event, isAnswer(payload) { continue }
                lastHeard = lastRead
                handle(event)
            }
        } catch {
            fail(error)
        }
    }

    /// A control frame.
    private func handle(_ event: WebSocketEvent) {
        switch event {
        case .ping(let payload):
            send(payload, opcode: .pong)
        case .pong, .message:
            break
        case .close(let code, _):
            if phase == .open {
                end = .client
                // RFC 6455 §5.5.1: the answer repeats the status code.
                sendClose(code ?? .normal, reason: "")
            }
            startDraining()
        }
    }

    private func fail(_ error: WebSocketError) {
        loop.statistics.protocolErrors += 1
        guard phase == .open else {
            startDraining()
            return
        }
        end = .server(error.code)
        sendClose(error.code, reason: error.reason)
        startDraining()
    }

    private func stall(_ input: ByteBuffer, in pause: Pause) {
        var kept = pause.input ?? ByteBuffer()
        kept.reserveCapacity(minimumWritableBytes: input.readableBytes)
        kept.writeImmutableBuffer(input)
        pause.input = kept
    }

    // MARK: for the session

    /// Stops reading from the socket; TCP pushes back. Lasting longer than the stall time closes with 1013.
    package func pauseReading() {
        guard pause == nil else { return }
        pause = Pause(since: loop.timers.now)
        armTimer()
    }

    package func resumeReading() {
        guard let ended = pause else { return }
        pause = nil
        lastRead = loop.timers.now
        lastHeard = lastRead
        // Called from within `decode`, the loop there goes on by itself.
        if !isDecoding, let input = ended.input { decode(input) }
        guard pause == nil else { return }
        if readWanted {
            readWanted = false
            context?.read()
        }
        armTimer()
    }

    /// Starts the close handshake. `reason` says what happened in at most 123 bytes.
    package func close(_ code: CloseCode, reason: String) {
        guard phase == .open else { return }
        end = .server(code)
        sendClose(code, reason: reason)
        if phase == .open { phase = .closeSent }
        closeDeadline = loop.timers.now + parameters.closeTimeout
        armTimer()
    }

    /// Drops the connection without a close frame.
    package func drop() {
        guard phase != .closed else { return }
        if phase == .open { end = .server(.goingAway) }
        context?.close(promise: nil)
    }

    // MARK: output

    override var outboundLimits: OutboundLimits { parameters.outbound }

    func enqueueFrame(_ frame: ByteBuffer) {
        loop.statistics.framesSent += 1
        loop.statistics.bytesSent += frame.readableBytes
        enqueue(frame)
    }

    override func outboundOverflowed() {
        loop.statistics.slowConsumers += 1
        outbound.removeAll()
        session?.outboundOverflowed(maxBytes: parameters.outbound.maxBytes)
        close(
            .tryAgainLater,
            reason: "slow consumer: more than \(parameters.outbound.maxBytes) bytes waited to be read; reconnect")
        // Nothing that this client sends matters any more, and it may never answer.
        startDraining()
    }

    override func outboundDrained() {
        if phase == .draining {
            closeWhenWritten()
        } else if phase == .open {
            session?.outboundDrained()
        }
    }

    private func sendClose(_ code: CloseCode, reason: String) {
        loop.statistics.framesSent += 1
        enqueueLast(FrameEncoder.close(code, reason: reason, allocator: ByteBufferAllocator()))
    }

    /// The close frame is queued. When everything queued is written, the output side is shut; the client then sees the
    /// close frame and the end of the stream. Input is read and dropped meanwhile: closing with unread input would make
    /// the kernel send a reset, which can overtake the close frame.
    func startDraining() {
        guard phase != .draining, phase != .closed else { return }
        phase = .draining
        pause?.input = nil
        closeDeadline = loop.timers.now + parameters.closeTimeout
        armTimer()
        resumeReading()
        if outbound.isEmpty { closeWhenWritten() }
    }

    private func closeWhenWritten() {
        whenWritten { [weak self] in self?.closeOutput() }
    }

    private func closeOutput() {
        guard let context, phase != .closed else { return }
        if case .client = end {
            // The handshake is complete; nothing is left to read.
            context.close(promise: nil)
        } else {
            context.close(mode: .output, promise: nil)
        }
    }

    package override func timerFired() {
        timeIsUp()
    }

    package override func shutDown() {
        close(.serviceRestart, reason: "server restarts; reconnect")
    }

    package override var drainGroup: ObjectIdentifier? { phase == .open ? session?.drainGroup : nil }

    private func finish() {
        guard phase != .closed else { return }
        phase = .closed
        loop.statistics.webSocketsOpen -= 1
        finishOutput()
        pause = nil
        let session = session
        self.session = nil
        session?.closed(end)
    }
}

extension TimeAmount {
    var seconds: Int64 { nanoseconds / 1_000_000_000 }
    var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
