// Firecrest — a socket whose client asks for its messages, again and again.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import Logging
internal import NIOCore

/// The carrier of a socket between polls: keeps what is sent until it is asked for, within bounds.
///
/// A batch that was given to a poll is held until the next poll shows that it arrived; if it did not, it goes out again.
///
/// Isolation: belongs to its home loop.
final class LongPollSession: SocketTransport, RequestedSession, TimerEntry {
    var timerPlace = TimerPlace()
    let address: SessionAddress

    private let options: LongPollOptions
    private let loop: EndpointLoop
    private let session: SocketSession
    private var publishes: PublishQueue?
    /// Frames that wait for a poll, as JSON strings.
    private var buffer = OutboundQueue()
    /// The last batch, and the poll that it answered.
    private var held: (frames: [ByteBuffer], ticket: any PollTicket)?
    /// Batches given out, those that were lost not counted.
    private var batches = 0
    private var receiver: (ticket: any PollTicket, deadline: NIODeadline)?
    /// A poll whose turn comes when it is known whether the last batch arrived.
    private var undecided: (any PollTicket)?
    private var lastPoll: NIODeadline
    private var nextCheck: NIODeadline
    private var isAnswering = false
    private var hasEnded = false

    var name: String { "longpoll" }
    private var timers: LoopTimers { loop.context.timers }
    private var limits: OutboundLimits {
        var limits = OutboundLimits()
        limits.maxBytes = options.maxBufferedBytes
        limits.maxFrames = options.maxBufferedMessages
        limits.bytesPerFrame = 0
        return limits
    }
    private var window: TimeAmount { TimeAmount(options.window) }
    /// Phoenix: checked every one and a half windows, so that a silent client lives for up to three.
    private var inactivity: TimeAmount { .nanoseconds(window.nanoseconds / 2 * 3) }

    init(_ session: SocketSession, address: SessionAddress, options: LongPollOptions, loop: EndpointLoop) {
        self.session = session
        self.address = address
        self.options = options
        self.loop = loop
        lastPoll = loop.context.timers.now
        nextCheck = lastPoll
    }

    /// From here on requests find the session.
    func begin() {
        publishes = PublishQueue(timers: timers, window: window) { [unowned self] frame in
            loop.context.statistics.messagesReceived += 1
            session.receive(frame.content, kind: frame.kind)
        }
        loop.sessions.add(self, address.id)
        loop.context.statistics.longPollSessionsOpen += 1
        nextCheck = timers.now + inactivity
        arm()
        session.attach(self)
    }

    // MARK: requests

    func poll(_ ticket: any PollTicket, acknowledged: Int?) {
        lastPoll = timers.now
        // Only the newest poll counts; an older one ends with nothing.
        supersede(undecided)
        undecided = nil
        supersede(receiver?.ticket)
        receiver = nil
        guard let held else { return serve(ticket) }
        switch acknowledged {
        case batches?: decided(received: true, ticket)
        case (batches - 1)?: decided(received: false, ticket)
        default:
            undecided = ticket
            let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
            let id = ticket.id
            held.ticket.askReceived { bound.value.learned(received: $0, poll: id) }
        }
    }

    private func supersede(_ ticket: (any PollTicket)?) {
        ticket?.answer(.messages([]))
    }

    private func learned(received: Bool, poll id: UInt64) {
        guard let ticket = undecided, ticket.id == id, !hasEnded else { return }
        undecided = nil
        decided(received: received, ticket)
    }

    private func decided(received: Bool, _ ticket: any PollTicket) {
        if received { held = nil } else { restore() }
        serve(ticket)
    }

    /// The last batch did not arrive: it is at the front again.
    private func restore() {
        guard let held else { return }
        self.held = nil
        batches -= 1
        loop.context.statistics.longPollBatchesRepeated += 1
        buffer.prepend(held.frames)
    }

    private func serve(_ ticket: any PollTicket) {
        receiver = (ticket, timers.now + window)
        if buffer.isEmpty { arm() } else { answer() }
    }

    private func answer() {
        guard let receiver, !buffer.isEmpty else { return }
        self.receiver = nil
        let frames = buffer.takeAll()
        held = (frames, receiver.ticket)
        batches += 1
        loop.context.statistics.longPollsAnswered += 1
        receiver.ticket.answer(.messages(frames))
        arm()
        session.outboundDrained()
    }

    func cancel(poll id: UInt64) {
        if receiver?.ticket.id == id { receiver = nil }
        if undecided?.id == id { undecided = nil }
    }

    func undelivered(poll id: UInt64) {
        guard held?.ticket.id == id else { return }
        restore()
        answer()
    }

    func publish(_ frames: [PublishBody.Frame], reply: @escaping (SessionAnswer) -> Void) {
        guard let publishes else { return reply(.gone) }
        publishes.add(frames, reply: reply)
    }

    // MARK: for the socket

    func send(_ frame: EncodedFrame) {
        guard frame.kind == .text else { return refuse(binary: frame) }
        append(Self.quoted(frame.content))
    }

    func send(_ delivery: Delivery, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        guard let frame = delivery.frame(serializerIndex) else { return }
        guard frame.kind == .text else { return refuse(binary: frame) }
        let text = delivery.shared(DeliveryVariant.longPoll(serializerIndex)) { Self.quoted(frame.content) }
        if let text { append(text, recipient.rule(for: delivery)) }
    }

    /// A frame as an element of `messages`: a JSON string.
    private static func quoted(_ content: ByteBuffer) -> ByteBuffer {
        var text = ByteBuffer()
        text.reserveCapacity(content.readableBytes + content.readableBytes / 4 + 2)
        text.writeJSONString(content)
        return text
    }

    private func append(_ text: ByteBuffer, _ rule: DropRule? = nil) {
        guard !hasEnded else { return }
        let admission = buffer.append(text, rule: rule, limits: limits, dropped: loop.context.dropped)
        guard admission != .overflow, buffer.bytes <= options.maxBufferedBytes else {
            loop.context.statistics.slowConsumers += 1
            session.outboundOverflowed(maxBytes: options.maxBufferedBytes)
            return end(.closed)
        }
        // What is sent within one tick leaves in one answer.
        guard receiver != nil, !isAnswering else { return }
        isAnswering = true
        loop.eventLoop.assumeIsolated().execute { [self] in
            isAnswering = false
            answer()
        }
    }

    /// Bytes have no form in an answer of JSON strings. A client that waits for a reply is told.
    private func refuse(binary frame: EncodedFrame) {
        loop.context.statistics.broadcastsNotEncodable += 1
        loop.context.log(
            .binaryOnLongPoll, .warning, to: session.definition.logger,
            "Bytes cannot be sent over long poll; the message is left out.")
        guard let message = try? ClientCodec(.v2).decode(frame.content, kind: .binary), case .reply = message.kind
        else { return }
        try? session.send(
            .reply(
                joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: "error",
                payload: .reason("binary unsupported on longpoll")))
    }

    func close(_ code: CloseCode, reason: String) {
        end(code == .serviceRestart ? .draining : .closed)
    }

    func drop() { end(.closed) }

    func pauseReading() { publishes?.pause() }

    func resumeReading() { publishes?.resume() }

    // MARK: the end

    func shutDown() { end(.draining) }

    var ownDrainGroup: ObjectIdentifier? { session.drainGroup }

    /// There is no frame that says so: the next poll finds no session, and begins a new one.
    private func end(_ reason: TerminateReason) {
        guard !hasEnded else { return }
        hasEnded = true
        timers.cancel(self)
        loop.sessions.remove(address.id)
        loop.context.statistics.longPollSessionsOpen -= 1
        publishes?.end()
        publishes = nil
        supersede(undecided)
        undecided = nil
        if let receiver {
            self.receiver = nil
            receiver.ticket.answer(.messages(buffer.takeAll()))
        }
        buffer.removeAll()
        held = nil
        session.transportClosed(reason)
    }

    // MARK: time

    private func arm() {
        guard !hasEnded else { return }
        timers.schedule(self, at: receiver.map { min($0.deadline, nextCheck) } ?? nextCheck)
    }

    func timerFired() {
        let now = timers.now
        if let receiver, receiver.deadline <= now {
            self.receiver = nil
            loop.context.statistics.longPollsAnswered += 1
            receiver.ticket.answer(.messages([]))
        }
        if nextCheck <= now {
            if now - lastPoll > inactivity {
                loop.context.statistics.longPollSessionsExpired += 1
                return end(.closed)
            }
            nextCheck = now + inactivity
        }
        arm()
    }
}

@available(*, unavailable)
extension LongPollSession: Sendable {}
