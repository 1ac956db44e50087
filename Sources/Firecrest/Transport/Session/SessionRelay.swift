// Firecrest — requests for sessions that live on another node: one end of the way there and back.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import FirecrestHTTP
internal import FirecrestPubSub
internal import Logging
internal import NIOCore

/// One loop's part in polls and posts that reach a node which is not their session's.
///
/// Where the request is: `RemoteSession` asks through here. Where the session is: what is asked is done as for a request
/// of this node, with a `RemoteTicket` in place of the request.
///
/// Isolation: belongs to its loop.
final class SessionRelay {
    /// How long a session waits to hear whether its last batch arrived. Then the batch goes out again.
    static let receivedTimeout = Duration.seconds(2)
    /// Answered polls that a loop can still say that of. Beyond, the oldest is forgotten, which counts as not received.
    static let maxAnsweredPolls = 10_000

    let calls: NodeCalls
    private let eventLoop: any EventLoop
    private let sessions: SessionTable
    /// Polls that wait for another node, and the numbers of their calls, by the polls' own ids.
    private var open: [UInt64: (ticket: any PollTicket, call: UInt64)] = [:]
    /// The last poll of each session that was answered with messages here.
    private var answered: [SessionID: any PollTicket] = [:]
    private var order: Deque<(session: SessionID, poll: UInt64)> = []
    private let maxAnswered: Int

    /// - Parameter maxAnswered: `maxAnsweredPolls`, but in tests.
    init(
        home: LoopPlace, loop: EndpointLoop, pubSub: PubSub, logger: Logger,
        maxAnswered: Int = SessionRelay.maxAnsweredPolls
    ) {
        self.maxAnswered = maxAnswered
        calls = NodeCalls(home: home, context: loop.context, topics: loop.topics, pubSub: pubSub, logger: logger)
        eventLoop = loop.eventLoop
        sessions = loop.sessions
        calls.onCall = { [weak self] call, body in self?.serve(call, body) ?? false }
        calls.onNotice = { [weak self] from, body in self?.take(from, body) ?? false }
        loop.topics.subscribe(calls, to: home.topic)
    }

    /// Gives each loop of an endpoint its own.
    static func start(on loops: EndpointLoops, node: NodeTag, pubSub: PubSub, logger: Logger) {
        for port in loops.ports {
            port.run { loop in
                loop.relay = SessionRelay(
                    home: LoopPlace(node: node, loop: UInt16(clamping: loop.index)), loop: loop, pubSub: pubSub,
                    logger: logger)
            }
        }
    }

    // MARK: where the request is

    func poll(
        _ address: SessionAddress, _ ticket: any PollTicket, acknowledged: Int?, _ patience: SessionPatience
    ) {
        let question = SessionQuestion.poll(address, id: ticket.id, acknowledged: acknowledged)
        let call = ask(address, question, patience) { [weak self] end in
            let answer: SessionAnswer =
                switch end {
                case .answer(let body): SessionAnswer(decoding: body) ?? .gone
                case .nobody: .gone
                // The session was there: what it had to say it says to the next poll.
                case .lost: .messages([])
                }
            self?.ended(ticket, address, answer)
            ticket.answer(answer)
        }
        if let call { open[ticket.id] = (ticket, call) }
    }

    private func ended(_ ticket: any PollTicket, _ address: SessionAddress, _ answer: SessionAnswer) {
        open[ticket.id] = nil
        guard case .messages(let messages) = answer, !messages.isEmpty else { return }
        answered[address.id] = ticket
        order.append((address.id, ticket.id))
        while order.count > maxAnswered, let oldest = order.popFirst() {
            if answered[oldest.session]?.id == oldest.poll { answered[oldest.session] = nil }
        }
    }

    func cancel(poll id: UInt64) {
        guard let poll = open.removeValue(forKey: id) else { return }
        calls.cancel(poll.call)
    }

    /// The endpoint stops: its clients ask another node.
    func shutDown() {
        for (id, poll) in open {
            cancel(poll: id)
            poll.ticket.answer(.messages([]))
        }
    }

    func undelivered(_ address: SessionAddress, poll id: UInt64) {
        calls.notify(address.place, SessionQuestion.undelivered(address, id: id).encoded())
    }

    func publish(
        _ address: SessionAddress, _ frames: [PublishBody.Frame], _ patience: SessionPatience,
        reply: @escaping (SessionAnswer) -> Void
    ) {
        _ = ask(address, .publish(address, frames), patience) { end in
            switch end {
            case .answer(let body): reply(SessionAnswer(decoding: body) ?? .gone)
            case .nobody: reply(.gone)
            case .lost: reply(.busy)
            }
        }
    }

    private func ask(
        _ address: SessionAddress, _ question: SessionQuestion, _ patience: SessionPatience,
        ended: @escaping (NodeCallEnd) -> Void
    ) -> UInt64? {
        calls.call(
            address.place, question.encoded(), takenWithin: patience.answerTimeout,
            answeredWithin: patience.window + patience.answerTimeout, ended: ended)
    }

    // MARK: where the session is

    private func serve(_ call: ServedNodeCall, _ body: ByteBuffer) -> Bool {
        guard let question = SessionQuestion(decoding: body) else { return false }
        switch question {
        case .poll(let address, let id, let acknowledged):
            guard let session = sessions.find(address.id) else {
                call.answer(SessionAnswer.gone.encoded())
                return true
            }
            let ticket = RemoteTicket(
                poll: id, from: call.from, address: address, call: NIOLoopBound(call, eventLoop: eventLoop),
                relay: NIOLoopBound(self, eventLoop: eventLoop))
            call.onCancelled = { [sessions, ticketID = ticket.id] in
                sessions.find(address.id)?.cancel(poll: ticketID)
            }
            // A poll may be answered right here.
            session.poll(ticket, acknowledged: acknowledged)
        case .publish(let address, let frames):
            guard let session = sessions.find(address.id) else {
                call.answer(SessionAnswer.gone.encoded())
                return true
            }
            session.publish(frames) { answer in call.answer(answer.encoded()) }
        case .received(let address, let id):
            guard let ticket = answered[address.id], ticket.id == id else {
                call.answer(Self.received(false))
                return true
            }
            let served = NIOLoopBound(call, eventLoop: eventLoop)
            ticket.askReceived { served.value.answer(Self.received($0)) }
        case .undelivered: return false
        }
        return true
    }

    private func take(_ from: LoopPlace, _ body: ByteBuffer) -> Bool {
        guard case .undelivered(let address, let id)? = SessionQuestion(decoding: body) else { return false }
        sessions.find(address.id)?.undelivered(poll: RemoteTicket.id(of: id, at: from))
        return true
    }

    private static func received(_ received: Bool) -> ByteBuffer {
        ByteBuffer(integer: UInt8(received ? 1 : 0))
    }

    /// Asks the node where a poll came whether the client had its answer.
    fileprivate func askReceived(_ ticket: RemoteTicket, _ reply: @escaping @Sendable (Bool) -> Void) {
        _ = calls.call(
            ticket.from, SessionQuestion.received(ticket.address, id: ticket.poll).encoded(),
            takenWithin: Self.receivedTimeout, answeredWithin: Self.receivedTimeout
        ) { end in
            guard case .answer(let body) = end else { return reply(false) }
            reply(body.getInteger(at: body.readerIndex, as: UInt8.self) == 1)
        }
    }
}

@available(*, unavailable)
extension SessionRelay: Sendable {}

/// A poll that came to another node. The session's loop has it.
private struct RemoteTicket: PollTicket {
    let poll: UInt64
    let from: LoopPlace
    let address: SessionAddress
    let call: NIOLoopBound<ServedNodeCall>
    let relay: NIOLoopBound<SessionRelay>

    var id: UInt64 { Self.id(of: poll, at: from) }

    /// Nodes count their polls each for itself. What tells nodes apart tells their polls apart too.
    static func id(of poll: UInt64, at place: LoopPlace) -> UInt64 { poll ^ place.node.rawValue }

    func answer(_ answer: SessionAnswer) {
        call.value.answer(answer.encoded())
    }

    func askReceived(_ reply: @escaping @Sendable (Bool) -> Void) {
        relay.value.askReceived(self, reply)
    }
}

extension SessionAddress {
    /// The loop that the session lives on.
    fileprivate var place: LoopPlace { LoopPlace(node: node, loop: loop) }
}
