// Firecrest — one short poll: a socket that joins, leaves, and is answered with what is remembered.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import NIOCore
internal import NIOHTTP1

/// The carrier of a socket that lives for one join.
///
/// Isolation: belongs to its socket's loop.
final class ShortPoll: SocketTransport {
    let name = ShortPollOptions.transport
    private let exchange: HTTPExchange
    private let mount: ShortPollMount
    private var question: RecentQuestion
    /// nil once the socket has ended.
    private var session: SocketSession?

    init(_ exchange: HTTPExchange, _ session: SocketSession, _ question: RecentQuestion, _ mount: ShortPollMount) {
        self.exchange = exchange
        self.session = session
        self.question = question
        self.mount = mount
        session.attach(self)
        exchange.onGone = { [weak self] in self?.end(.closed) }
    }

    // MARK: from the channel

    /// The reply to the join is all that is looked at.
    func send(_ message: OutboundMessage, with serializer: any Serializer) throws(PayloadError) {
        guard case .reply(let status) = message.kind, let loop = session?.loop else { return }
        let isAccepted = status == "ok"
        if !isAccepted { exchange.refuseJoin(message.payload) }
        // The channel is in the middle of its answer: it leaves when that is through.
        loop.eventLoop.assumeIsolated().execute {
            self.end(isAccepted ? .left : .closed)
            if isAccepted { self.ask(loop) }
        }
    }

    func send(_ frame: EncodedFrame) {}
    func send(_ delivery: Delivery, serializerIndex: Int, to recipient: any BroadcastRecipient) {}

    func close(_ code: CloseCode, reason: String) {
        exchange.refuse(Rejection.socketClosed.http)
        end(.closed)
    }

    func drop() {
        close(.goingAway, reason: "")
    }

    func pauseReading() {}
    func resumeReading() {}

    private func end(_ reason: TerminateReason) {
        let session = session
        self.session = nil
        session?.transportClosed(reason)
    }

    // MARK: the answer

    private func ask(_ loop: EndpointLoop) {
        guard exchange.isOpen else { return }
        mount.gate.loops.ask(question, from: loop.eventLoop) { self.answered($0, loop.context) }
    }

    private func answered(_ recent: RecentAnswer?, _ loop: LoopContext) {
        guard let recent else {
            loop.statistics.shortPollTopicsRefused += 1
            return exchange.refuse(Rejection.tooManyTopics.http)
        }
        loop.statistics.shortPollsAnswered += 1
        let answer = PollAnswer(answer: recent, interval: mount.options.interval)
        var headers = answer.headers
        if answer.isKnown(to: exchange.request.head.headers) {
            loop.statistics.shortPollsUnchanged += 1
            return exchange.respond(.notModified, headers: headers, body: ByteBuffer())
        }
        headers.add(name: "content-type", value: "application/json; charset=utf-8")
        exchange.respond(.ok, headers: headers, body: answer.body)
    }
}
