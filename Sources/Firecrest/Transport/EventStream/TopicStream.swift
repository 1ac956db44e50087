// Firecrest — one topic as an event stream, for clients that speak no protocol.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import NIOCore
internal import NIOHTTP1

/// The carrier of a socket that has joined one topic when it was made. The join decides what the request is answered with;
/// from then on every message is an event.
///
/// Isolation: belongs to its socket's loop.
final class TopicStream: SocketTransport, StreamSession {
    private enum State {
        case joining(HTTPExchange)
        /// Joined; the connection is about to be handed over.
        case opening
        case open(StreamConnection)
        case ended
    }

    let name = EventStreamOptions.transport
    private let settings: EventStreamSettings
    private var session: SocketSession?
    private var state: State
    /// The client had a stream before.
    private let hasLastEventID: Bool

    init(_ exchange: HTTPExchange, _ session: SocketSession, _ settings: EventStreamSettings) {
        self.session = session
        self.settings = settings
        state = .joining(exchange)
        hasLastEventID = exchange.request.head.headers.contains(name: "last-event-id")
        session.attach(self)
        exchange.onGone = { [weak self] in self?.end(.closed) }
    }

    // MARK: from the channel

    func send(_ message: OutboundMessage, with serializer: any Serializer) throws(PayloadError) {
        switch state {
        case .joining(let exchange):
            guard case .reply(let status) = message.kind else { return }
            if status == "ok" { accept(exchange, message.payload) } else { refuse(exchange, message.payload) }
        case .open(let connection):
            var event = ByteBuffer()
            event.reserveCapacity(serializer.sizeHint(message))
            _ = try serializer.encode(message, into: &event)
            connection.send(event)
            if message.endsChannel { connection.close(.normal) }
        case .opening, .ended: break
        }
    }

    func send(_ frame: EncodedFrame) {
        if case .open(let connection) = state { connection.send(frame.content) }
    }

    /// A broadcast with its id, made once for all clients of a loop.
    func send(_ delivery: Delivery, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        guard case .open(let connection) = state else { return }
        let key = DeliveryVariant.eventStream(serializerIndex)
        connection.send(delivery, recipient, key: key) { Self.event(delivery, serializerIndex) }
    }

    func send(_ batch: Batch, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        guard case .open(let connection) = state else { return }
        let key = DeliveryVariant.eventStream(serializerIndex)
        connection.send(batch, recipient, key: key) { Self.event($0, serializerIndex) }
    }

    private static func event(_ delivery: Delivery, _ serializerIndex: Int) -> ByteBuffer? {
        guard let frame = delivery.frame(serializerIndex) else { return nil }
        var event = ByteBuffer()
        event.reserveCapacity(frame.content.readableBytes + LastEventID.maxBytes)
        event.writeEventStreamID(LastEventID(delivery.id).description)
        event.writeImmutableBuffer(frame.content)
        return event
    }

    func close(_ code: CloseCode, reason: String) {
        switch state {
        case .joining(let exchange):
            exchange.refuse(Rejection.socketClosed.http)
            end(.closed)
        case .open(let connection): connection.close(code, last: settings.farewell(code, reason))
        case .opening, .ended: break
        }
    }

    func drop() {
        if case .open(let connection) = state { connection.drop() } else { close(.goingAway, reason: "") }
    }

    /// The client sends nothing.
    func pauseReading() {}
    func resumeReading() {}

    // MARK: the answer to the join

    private func accept(_ exchange: HTTPExchange, _ response: Payload) {
        var greeting = settings.retry
        // There is no history yet: whatever a client missed is lost.
        EventStreamSerializer.writeReply(
            status: "ok", response, recovered: hasLastEventID ? false : nil, into: &greeting)
        state = .opening
        exchange.stream(headers: EventStreamSettings.headers, parameters: settings.parameters, session: self)
        if case .open(let connection) = state { connection.send(greeting) } else { endSoon(.closed) }
    }

    private func refuse(_ exchange: HTTPExchange, _ response: Payload) {
        exchange.refuseJoin(response)
        endSoon(.closed)
    }

    // MARK: from the connection

    func outboundOverflowed(maxBytes: Int) { session?.outboundOverflowed(maxBytes: maxBytes) }
    func outboundDrained() { session?.outboundDrained() }

    func opened(_ connection: StreamConnection) {
        state = .open(connection)
    }

    var drainGroup: ObjectIdentifier? { session?.drainGroup }

    func shutDown() {
        close(.serviceRestart, reason: "server restarts; reconnect")
    }

    func closed(_ end: ConnectionEnd) {
        self.end(end == .server(.serviceRestart) ? .draining : .closed)
    }

    private func end(_ reason: TerminateReason) {
        state = .ended
        let session = session
        self.session = nil
        session?.transportClosed(reason)
    }

    /// The channel is in the middle of its answer to the join: it is ended when that is through.
    private func endSoon(_ reason: TerminateReason) {
        state = .ended
        session?.loop.eventLoop.assumeIsolated().execute { self.end(reason) }
    }
}

@available(*, unavailable)
extension TopicStream: Sendable {}

extension HTTPExchange {
    /// The answer to a client whose join was refused: the join's response.
    func refuseJoin(_ response: Payload) {
        let type = response.kind == .json ? "application/json; charset=utf-8" : "application/octet-stream"
        respond(
            .forbidden,
            headers: [
                "content-type": type, "cache-control": "no-store", "access-control-allow-origin": "*",
                "x-firecrest-error": "join_refused",
            ], body: response.bytes)
    }
}
