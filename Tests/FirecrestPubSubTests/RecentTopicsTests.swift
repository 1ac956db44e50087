// Firecrest — which topics a loop remembers, from when, and until when
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestPubSub
import NIOCore
import Testing

@Suite("Recent topics")
struct RecentTopicsTests {
    private final class Scope {}

    private let loop: FakeLoop
    private let recent: RecentTopics
    private let scope = Scope()
    private let start = NIODeadline.uptimeNanoseconds(1)

    init() {
        let loop = FakeLoop()
        var epoch: UInt64 = 1_000
        self.loop = loop
        recent = RecentTopics(topics: loop.topics) {
            epoch += 1
            return epoch
        }
    }

    private func ask(
        _ topic: String, _ cursor: RecentCursor = .now, at seconds: Int64 = 0, scope: Scope? = nil, maxTopics: Int = 10,
        keeps: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> RecentAnswer? {
        recent.answer(
            RecentQuestion(
                topic: topic, cursor: cursor, scope: ObjectIdentifier(scope ?? self.scope),
                limits: RecentLimits(maxMessages: 10, maxBytes: 10_000), maxTopics: maxTopics, patience: .seconds(60),
                keeps: keeps),
            now: start + .seconds(seconds))
    }

    private func events(_ answer: RecentAnswer?) -> [String]? { answer?.messages.map(\.event) }

    @Test("a topic is remembered from the first question on")
    func begins() throws {
        loop.accept("room:1", "before")
        let first = try #require(ask("room:1"))
        #expect(first.messages.isEmpty && !first.isMissing)
        loop.accept("room:1", "a")
        loop.accept("room:2", "elsewhere")
        let second = try #require(ask("room:1", .after(first.cursor)))
        #expect(events(second) == ["a"])
        #expect(second.cursor == BroadcastID(epoch: 1, number: 1))
    }

    @Test("a gap stands behind what came before it, in every topic")
    func gap() throws {
        let cursors = try ["room:1", "room:2"].map { try #require(ask($0)).cursor }
        loop.accept("room:1", "a")
        recent.gap()
        loop.accept("room:2", "b")
        for (topic, cursor, event) in [("room:1", cursors[0], "a"), ("room:2", cursors[1], "b")] {
            let answer = try #require(ask(topic, .after(cursor)))
            #expect(events(answer) == [event] && answer.isMissing)
            let next = try #require(ask(topic, .after(answer.cursor)))
            #expect(events(next) == [] && !next.isMissing)
        }
    }

    @Test("while nobody asks nothing is kept, and the loop has no interest in the topic")
    func nobodyAsks() {
        loop.accept("room:1", "a")
        #expect(recent.count == 0)
        #expect(!loop.interest.mayContain(InterestFilter.slot(of: "room:1")))
        _ = ask("room:1")
        #expect(loop.interest.mayContain(InterestFilter.slot(of: "room:1")))
    }

    @Test("a topic that nobody asks about is forgotten; a question in time keeps it")
    func forgets() throws {
        let first = try #require(ask("room:1"))
        _ = ask("room:2")
        _ = ask("room:1", at: 30)
        #expect(recent.forgetIdle(now: start + .seconds(60)) == start + .seconds(90))
        #expect(recent.count == 1)
        #expect(!loop.interest.mayContain(InterestFilter.slot(of: "room:2")))
        #expect(recent.forgetIdle(now: start + .seconds(90)) == nil)
        #expect(recent.count == 0)
        #expect(loop.topics.topicCount == 0)
        // A cursor of the memory that is gone belongs to no other one.
        let answer = try #require(ask("room:1", .after(first.cursor), at: 91))
        #expect(answer.isMissing)
        #expect(answer.cursor != first.cursor)
    }

    @Test("a topic too many is not remembered until another one is forgotten")
    func maxTopics() {
        for number in 0..<3 { #expect(ask("room:\(number)", maxTopics: 3) != nil) }
        #expect(ask("room:3", maxTopics: 3) == nil)
        #expect(ask("room:0", at: 30, maxTopics: 3) != nil, "a known one is answered")
        #expect(ask("room:3", at: 30, scope: Scope(), maxTopics: 3) != nil, "another mount counts for itself")
        #expect(ask("room:3", at: 60, maxTopics: 3) != nil, "two have been forgotten by now")
        #expect(ask("room:0", at: 60, maxTopics: 3) != nil)
    }

    @Test("what a scope may not keep is not in its memory")
    func keeps() throws {
        let first = try #require(ask("room:1") { $0 != "secret" })
        for event in ["a", "secret", "b"] { loop.accept("room:1", event) }
        #expect(events(ask("room:1", .after(first.cursor))) == ["a", "b"])
    }

    @Test("what waits behind a large topic's slices is in the answer")
    func catchesUp() throws {
        _ = loop.listen("room:1", count: 1_000)
        let first = try #require(ask("room:1"))
        loop.accept("room:1", "a")
        loop.accept("room:1", "b")
        #expect(loop.topics.hasBacklog)
        let answer = ask("room:1", .after(first.cursor))
        #expect(events(answer) == ["a", "b"])
        loop.run()
        #expect(events(ask("room:1", .after(first.cursor))) == ["a", "b"], "and comes once")
    }

    @Test("every broadcast of a node has an id of its own, and one node's ids are not another's")
    func ids() throws {
        let node = FakeNode()
        let memory = RecentTopics(topics: node.loops[0].topics)
        let question = { (cursor: RecentCursor) in
            RecentQuestion(
                topic: "t", cursor: cursor, scope: ObjectIdentifier(scope),
                limits: RecentLimits(maxMessages: 10, maxBytes: 10_000), maxTopics: 1, patience: .seconds(1),
                keeps: { _ in true })
        }
        let first = try #require(memory.answer(question(.now), now: start))
        try node.pubSub.broadcast(topic: "t", event: "ours", payload: .empty)
        var record = BroadcastRecord(
            topic: "t", event: "theirs", payload: .empty, node: "there", messageID: 1, except: nil)
        try node.pubSub.receive(record.encoded())
        record.node = "further"
        try node.pubSub.receive(record.encoded())
        node.run()
        let answer = try #require(memory.answer(question(.after(first.cursor)), now: start))
        #expect(answer.messages.map(\.event) == ["ours", "theirs", "theirs"])
        #expect(Set(answer.messages.map(\.id)).count == 3)
        #expect(answer.messages.first?.id == BroadcastID(epoch: node.pubSub.epoch, number: 1))
    }
}
