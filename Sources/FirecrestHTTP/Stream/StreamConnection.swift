// Firecrest — the one handler of a connection whose response does not end.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore
internal import NIOHTTP1

/// A streamed response on its event loop: bytes of the session, out. What the client still sends is dropped.
///
/// The body ends with the connection (RFC 9112 §6.3, rule 8): no chunk sizes around each event, and one buffer can be
/// sent to many clients as it is.
///
/// The only handler in the pipeline once the head is out, its own timer and its entry in the loop's registry, so that an
/// idle stream is one object here.
///
/// Isolation: belongs to its loop; not `Sendable`.
package final class StreamConnection: OutboundConnection, ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private enum Phase {
        case open
        /// The last bytes leave, then the connection closes.
        case draining
        case closed
    }

    private let parameters: StreamParameters
    /// Until it is sent: a few hundred bytes that nobody needs afterwards.
    private var head: ByteBuffer
    private var session: (any StreamSession)?
    private var phase = Phase.open
    private var end = ConnectionEnd.client
    private var lastSent: NIODeadline
    private var closeDeadline: NIODeadline?

    init(loop: LoopContext, head: ByteBuffer, parameters: StreamParameters, session: any StreamSession) {
        self.parameters = parameters
        self.head = head
        self.session = session
        lastSent = loop.timers.now
        super.init(loop: loop)
    }

    package var isOpen: Bool { phase == .open }

    override var outboundLimits: OutboundLimits { parameters.outbound }

    // MARK: from the channel

    package func handlerAdded(context: ChannelHandlerContext) {
        begin(context)
        loop.statistics.streamsOpen += 1
        loop.statistics.streamBytesSent += head.readableBytes
        enqueue(head)
        head = ByteBuffer()
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

    /// Nothing that a client says here has a meaning: the request is over and the response is not.
    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        writabilityChanged(context)
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { context.close(promise: nil) }
    }

    // MARK: for the session

    /// Queues bytes of the body, one event or several. They leave with the tick's flush.
    ///
    /// - Parameter rule: how they may give way to others while the client does not read.
    package func send(_ bytes: ByteBuffer, events: Int = 1, _ rule: @autoclosure () -> DropRule? = nil) {
        guard phase == .open else { return }
        lastSent = loop.timers.now
        loop.statistics.eventsSent += events
        loop.statistics.streamBytesSent += bytes.readableBytes
        enqueue(bytes, rule())
    }

    /// Ends the response after `last` and what is queued.
    ///
    /// - Parameter code: what happened, in the words of a WebSocket's close.
    package func close(_ code: CloseCode, last: ByteBuffer = ByteBuffer()) {
        guard phase == .open else { return }
        end = .server(code)
        loop.statistics.streamBytesSent += last.readableBytes
        enqueueLast(last)
        drain()
    }

    /// Drops the connection as it is.
    package func drop() {
        guard phase != .closed else { return }
        if phase == .open { end = .server(.goingAway) }
        context?.close(promise: nil)
    }

    // MARK: the end

    override func outboundOverflowed() {
        loop.statistics.slowConsumers += 1
        outbound.removeAll()
        session?.outboundOverflowed(maxBytes: parameters.outbound.maxBytes)
        end = .server(.tryAgainLater)
        drain()
    }

    override func outboundDrained() {
        if phase == .draining {
            whenWritten { [weak self] in self?.closeOutput() }
        } else if phase == .open {
            session?.outboundDrained()
        }
    }

    private func drain() {
        phase = .draining
        closeDeadline = loop.timers.now + parameters.closeTimeout
        armTimer()
        if outbound.isEmpty { outboundDrained() }
    }

    /// The client sees the end of the stream; its own end, or the time limit, closes the connection.
    private func closeOutput() {
        guard phase != .closed else { return }
        context?.close(mode: .output, promise: nil)
    }

    package override func shutDown() {
        session?.shutDown()
    }

    package override var drainGroup: ObjectIdentifier? { phase == .open ? session?.drainGroup : nil }

    // MARK: time

    /// One timer, armed anew only when it fires: sending is what happens often.
    private func armTimer() {
        if let closeDeadline {
            loop.timers.schedule(self, at: closeDeadline)
        } else if let interval = parameters.heartbeatInterval {
            loop.timers.schedule(self, at: lastSent + interval)
        }
    }

    package override func timerFired() {
        let now = loop.timers.now
        if let closeDeadline {
            if closeDeadline <= now { context?.close(promise: nil) } else { armTimer() }
            return
        }
        if let interval = parameters.heartbeatInterval, lastSent + interval <= now {
            lastSent = now
            loop.statistics.streamBytesSent += parameters.heartbeat.readableBytes
            enqueue(parameters.heartbeat)
        }
        armTimer()
    }

    private func finish() {
        guard phase != .closed else { return }
        phase = .closed
        loop.statistics.streamsOpen -= 1
        finishOutput()
        let session = session
        self.session = nil
        session?.closed(end)
    }

    // MARK: the head

    /// Written here and not by NIO's encoder, which would cut the body into chunks.
    static func head(_ headers: HTTPHeaders, date: String) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeString("HTTP/1.1 200 OK\r\n")
        for (name, value) in headers { bytes.writeString("\(name): \(value)\r\n") }
        bytes.writeString("date: \(date)\r\nconnection: close\r\n\r\n")
        return bytes
    }
}
