// Firecrest — tests of a session's requests between two loops of different nodes, without sockets.
// SPDX-License-Identifier: Apache-2.0

import FirecrestPubSub
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import Firecrest

/// A session that keeps what it is asked.
private final class FakeSession: RequestedSession {
    var polls: [(ticket: any PollTicket, acknowledged: Int?)] = []
    var cancelled: [UInt64] = []
    var undelivered: [UInt64] = []
    var published: [PublishBody.Frame] = []

    func poll(_ ticket: any PollTicket, acknowledged: Int?) { polls.append((ticket, acknowledged)) }
    func cancel(poll id: UInt64) { cancelled.append(id) }
    func undelivered(poll id: UInt64) { undelivered.append(id) }
    func publish(_ frames: [PublishBody.Frame], reply: @escaping (SessionAnswer) -> Void) {
        published += frames
        reply(.done)
    }
    func shutDown() {}
}

/// A client's poll that keeps its answer.
private final class FakePoll: PollTicket {
    let id: UInt64
    private let state = NIOLockedValueBox<[String]>([])

    init(_ id: UInt64) { self.id = id }

    var answers: [String] { state.withLockedValue { $0 } }

    func answer(_ answer: SessionAnswer) {
        let text =
            switch answer {
            case .messages(let messages): messages.map { String(buffer: $0) }.joined(separator: " ")
            default: "\(answer)"
            }
        state.withLockedValue { $0.append(text) }
    }

    func askReceived(_ reply: @escaping @Sendable (Bool) -> Void) { reply(true) }
}

@Suite struct SessionRelayTests {
    private static let patience = SessionPatience()
    private let here: TestNode
    private let there: TestNode
    private let relays: (here: SessionRelay, there: SessionRelay)

    init() {
        let network = TestNode.Network()
        here = TestNode("here", on: network)
        there = TestNode("there", on: network)
        relays = (Self.relay(here), Self.relay(there))
    }

    /// The relay takes over the topic of the node's own calls.
    private static func relay(_ node: TestNode, maxAnswered: Int = 2) -> SessionRelay {
        node.topics.unsubscribe(node.calls)
        return SessionRelay(
            home: node.calls.home, loop: node.loop, pubSub: node.pubSub, logger: node.logger, maxAnswered: maxAnswered)
    }

    /// A session on node `there`.
    private func session(_ number: UInt64) -> (FakeSession, RemoteSession) {
        let address = SessionAddress(
            node: there.calls.home.node, loop: 0, id: SessionID(high: 0, low: number), issuedAt: 0)
        let session = FakeSession()
        there.loop.sessions.add(session, address.id)
        return (session, RemoteSession(address, relays.here, Self.patience))
    }

    private func settle() throws { try TestNode.settle(here, there) }

    @Test func a_poll_reaches_its_session_and_the_answer_comes_back() throws {
        let (session, remote) = session(1)
        let poll = FakePoll(7)
        remote.poll(poll, acknowledged: 3)
        try settle()
        let asked = try #require(session.polls.first)
        #expect(asked.acknowledged == 3)
        #expect(poll.answers == [])
        asked.ticket.answer(.messages([ByteBuffer(string: "a"), ByteBuffer(string: "b")]))
        try settle()
        #expect(poll.answers == ["a b"])
        // The client is gone, as it turns out: the session hears of its own ticket.
        remote.undelivered(poll: 7)
        try settle()
        #expect(session.undelivered == [asked.ticket.id])
    }

    @Test func polls_of_the_same_number_from_two_nodes_are_told_apart() throws {
        let (session, remote) = session(1)
        remote.poll(FakePoll(7), acknowledged: nil)
        try settle()
        #expect(session.polls.first?.ticket.id != 7)
    }

    @Test func a_poll_that_nobody_waits_for_is_cancelled() throws {
        let (session, remote) = session(1)
        let poll = FakePoll(7)
        remote.poll(poll, acknowledged: nil)
        try settle()
        remote.cancel(poll: 7)
        remote.cancel(poll: 8)
        try settle()
        #expect(session.cancelled == [session.polls[0].ticket.id])
        session.polls[0].ticket.answer(.messages([ByteBuffer(string: "a")]))
        try settle()
        #expect(poll.answers == [])
    }

    @Test func what_is_published_arrives() throws {
        let (session, remote) = session(1)
        let answers = FakePoll(0)
        remote.publish([PublishBody.Frame(content: ByteBuffer(string: "x"), kind: .text)]) { answers.answer($0) }
        try settle()
        #expect(session.published.map { String(buffer: $0.content) } == ["x"])
        #expect(answers.answers == ["done"])
    }

    @Test func what_is_asked_of_no_session_is_gone_at_once() throws {
        let (_, remote) = session(1)
        there.loop.sessions.remove(SessionID(high: 0, low: 1))
        let poll = FakePoll(7)
        remote.poll(poll, acknowledged: nil)
        remote.publish([]) { poll.answer($0) }
        try settle()
        #expect(poll.answers == ["gone", "gone"])
    }

    /// Whether the session hears that the answer to its last poll arrived.
    private func received(_ session: FakeSession) throws -> Bool? {
        let heard = NIOLockedValueBox<Bool?>(nil)
        try #require(session.polls.last).ticket.askReceived { received in heard.withLockedValue { $0 = received } }
        try settle()
        return heard.withLockedValue { $0 }
    }

    @Test func limit_maxAnsweredPolls() throws {
        var sessions: [FakeSession] = []
        for number in 1...3 as ClosedRange<UInt64> {
            let (session, remote) = session(number)
            remote.poll(FakePoll(number), acknowledged: nil)
            try settle()
            try #require(session.polls.last).ticket.answer(.messages([ByteBuffer(string: "a")]))
            try settle()
            sessions.append(session)
        }
        // Two are remembered; of the first it is not known any more.
        #expect(try sessions.map(received) == [false, true, true])
    }

    @Test func a_session_that_hears_nothing_of_its_answer_takes_it_for_lost() throws {
        let (session, remote) = session(1)
        remote.poll(FakePoll(7), acknowledged: nil)
        try settle()
        try #require(session.polls.last).ticket.answer(.messages([ByteBuffer(string: "a")]))
        try settle()
        here.topics.unsubscribe(relays.here.calls)
        #expect(try received(session) == nil)
        let heard = NIOLockedValueBox<Bool?>(nil)
        session.polls[0].ticket.askReceived { received in heard.withLockedValue { $0 = received } }
        there.advance(.seconds(3))
        #expect(heard.withLockedValue { $0 } == false)
    }

    @Test func a_poll_whose_session_falls_silent_ends_with_nothing_and_one_that_nobody_has_with_gone() throws {
        let (_, remote) = session(1)
        let taken = FakePoll(7)
        remote.poll(taken, acknowledged: nil)
        try settle()
        here.advance(.seconds(13))
        #expect(taken.answers == [""])
        there.topics.unsubscribe(relays.there.calls)
        let unheard = FakePoll(8)
        remote.poll(unheard, acknowledged: nil)
        try settle()
        here.advance(.seconds(3))
        #expect(unheard.answers == ["gone"])
    }
}
