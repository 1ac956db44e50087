// Firecrest — an event stream of protocol frames: what a client of two ways reads.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import NIOCore

/// The carrier of a socket whose frames go down a stream and come up in posts, which find it by its address. It ends with
/// its stream.
///
/// Isolation: belongs to its home loop.
final class FrameStream: SocketTransport, StreamSession, RequestedSession {
    let name = EventStreamOptions.transport
    private let loop: EndpointLoop
    private let session: SocketSession
    private let address: SessionAddress
    /// Until it is sent.
    private var token: String
    private let publishes: PublishQueue
    private var connection: StreamConnection?
    private var hasEnded = false

    /// - Parameter token: the address as the client gets it.
    init(
        _ session: SocketSession, address: SessionAddress, token: String, window: TimeAmount, loop: EndpointLoop
    ) {
        self.session = session
        self.address = address
        self.token = token
        self.loop = loop
        publishes = PublishQueue(timers: loop.context.timers, window: window) { [unowned session] frame in
            session.loop.context.statistics.messagesReceived += 1
            session.receive(frame.content, kind: frame.kind)
        }
    }

    var isBehind: Bool { connection?.isBehind ?? false }

    // MARK: from the connection

    func outboundOverflowed(maxBytes: Int) { session.outboundOverflowed(maxBytes: maxBytes) }
    func outboundDrained() { session.outboundDrained() }

    /// From here on posts find the session.
    func opened(_ connection: StreamConnection) {
        self.connection = connection
        var first = ByteBuffer()
        first.writeEventStreamSession(token: token)
        connection.send(first)
        token = ""
        loop.sessions.add(self, address.id)
        session.attach(self)
    }

    var drainGroup: ObjectIdentifier? { session.drainGroup }

    func shutDown() {
        close(.serviceRestart, reason: "server restarts; reconnect")
    }

    func closed(_ end: ConnectionEnd) {
        guard !hasEnded else { return }
        hasEnded = true
        connection = nil
        loop.sessions.remove(address.id)
        publishes.end()
        session.transportClosed(end == .server(.serviceRestart) ? .draining : .closed)
    }

    // MARK: for the socket

    func send(_ frame: EncodedFrame) {
        connection?.send(Self.event(frame))
    }

    /// The event of a broadcast is made once for all clients of a loop.
    func send(_ delivery: Delivery, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        let key = DeliveryVariant.eventStream(serializerIndex)
        connection?.send(delivery, recipient, key: key) { delivery.frame(serializerIndex).map(Self.event) }
    }

    func send(_ batch: Batch, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        let key = DeliveryVariant.eventStream(serializerIndex)
        connection?.send(batch, recipient, key: key) { $0.frame(serializerIndex).map(Self.event) }
    }

    private static func event(_ frame: EncodedFrame) -> ByteBuffer {
        let content = frame.content
        var event = ByteBuffer()
        event.reserveCapacity(
            frame.kind == .text ? content.readableBytes + 8 : Base64.length(of: content.readableBytes) + 24)
        event.writeEventStreamFrame(content, kind: frame.kind)
        return event
    }

    func close(_ code: CloseCode, reason: String) {
        var last = ByteBuffer()
        last.writeEventStreamClose(code, reason: reason)
        connection?.close(code, last: last)
    }

    func drop() { connection?.drop() }

    func pauseReading() { publishes.pause() }
    func resumeReading() { publishes.resume() }

    // MARK: from requests

    func publish(_ frames: [PublishBody.Frame], reply: @escaping (SessionAnswer) -> Void) {
        publishes.add(frames, reply: reply)
    }

    /// Its messages come by themselves: a poll finds nothing here.
    func poll(_ ticket: any PollTicket, acknowledged: Int?) { ticket.answer(.gone) }
    func cancel(poll id: UInt64) {}
    func undelivered(poll id: UInt64) {}
}

@available(*, unavailable)
extension FrameStream: Sendable {}
