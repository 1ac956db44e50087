// Firecrest — large and hot topics: what goes out together, when, and that order and exceptions hold
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestPubSub
import NIOCore
import Testing

@Suite("Hot topics")
struct HotTopicTests {
    private static let delay = TimeAmount.milliseconds(2)

    /// Listeners that take several broadcasts at once.
    private func listen(_ loop: FakeLoop, _ count: Int) -> [Listener] {
        let listeners = loop.listen("room:1", count: count)
        for listener in listeners { listener.batches = [] }
        return listeners
    }

    /// Makes the topic hot: enough broadcasts in one delay, and the first of the next.
    private func heat(_ loop: FakeLoop) {
        for number in 0..<TopicHeat.minBroadcasts { loop.accept("room:1", "heat \(number)") }
        loop.advance(by: Self.delay)
    }

    // MARK: one tick

    @Test("broadcasts of one tick reach each subscriber of a large topic as one, at its end")
    func oneTick() {
        let loop = FakeLoop()
        let listeners = listen(loop, 100)
        for event in ["1", "2", "3"] { loop.accept("room:1", event, moreToCome: true) }
        #expect(listeners.allSatisfy { $0.heard.isEmpty })
        #expect(loop.topics.hasBacklog)
        loop.endTick()
        #expect(listeners.allSatisfy { $0.heard == ["1", "2", "3"] && $0.batches == [3] })
        #expect(!loop.topics.hasBacklog)
        #expect(loop.scheduledTicks == 0, "a batch counts as one delivery")
    }

    @Test("a small topic does not wait for the end of the tick")
    func smallTopic() {
        let loop = FakeLoop()
        let listeners = listen(loop, LoopTopics.smallTopic)
        loop.accept("room:1", "1", moreToCome: true)
        #expect(listeners.allSatisfy { $0.heard == ["1"] })
        let one = loop.listen("room:1")
        loop.accept("room:1", "2", moreToCome: true)
        #expect(one.heard.isEmpty)
        loop.endTick()
        #expect(one.heard == ["2"])
        #expect(listeners.allSatisfy { $0.heard == ["1", "2"] })
    }

    @Test("connections are flushed every few deliveries of a large topic, never in a small one")
    func flushes() {
        let loop = FakeLoop()
        _ = loop.listen("large", count: 256)
        _ = loop.listen("small", count: LoopTopics.smallTopic)
        loop.accept("large", "1")
        #expect(loop.flushes == 8)
        for _ in 0..<10 { loop.accept("small", "1", moreToCome: true) }
        #expect(loop.flushes == 8)
    }

    @Test("what is put together stays under its limit, and a large payload goes by itself")
    func limit_maxBatchBytes() {
        let loop = FakeLoop()
        let listeners = listen(loop, 20)
        func accept(_ event: String, bytes: Int) {
            loop.topics.accept(
                broadcast("room:1", event, .binary(ByteBuffer(repeating: 1, count: bytes))))
        }
        for number in 0..<4 { accept("\(number)", bytes: Batch.maxBytes / 2) }
        accept("large", bytes: Batch.maxBytes + 1)
        accept("last", bytes: 1)
        loop.endTick()
        #expect(listeners.allSatisfy { $0.batches == [2, 2] && $0.heard == ["0", "1", "2", "3", "large", "last"] })
    }

    @Test("whom a broadcast leaves out, and who came in between, gets the others one by one")
    func exceptions() {
        let loop = FakeLoop()
        let listeners = listen(loop, 100)
        loop.accept("room:1", "1", moreToCome: true)
        loop.accept("room:1", "2", except: listeners[7], moreToCome: true)
        let late = loop.listen("room:1")
        late.batches = []
        loop.accept("room:1", "3", moreToCome: true)
        loop.topics.unsubscribe(listeners[8])
        loop.endTick()
        #expect(listeners[7].heard == ["1", "3"] && listeners[7].batches == [])
        #expect(late.heard == ["3"] && late.batches == [])
        #expect(listeners[8].heard == [])
        for (index, listener) in listeners.enumerated() where index != 7 && index != 8 {
            #expect(listener.heard == ["1", "2", "3"] && listener.batches == [3], "subscriber \(index)")
        }
    }

    @Test("who catches up from within gets the rest at once, in order and not again")
    func catchingUpFromWithin() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 100)
        var atSecond: [String]?
        listeners[5].onReceive = { [unowned listener = listeners[5]] event in
            guard event == "2" else { return }
            loop.topics.catchUp(listener)
            atSecond = listener.heard
        }
        for event in ["1", "2", "3", "4"] { loop.accept("room:1", event, moreToCome: true) }
        loop.endTick()
        #expect(atSecond == ["1", "2", "3", "4"])
        #expect(listeners.allSatisfy { $0.heard == ["1", "2", "3", "4"] })
    }

    // MARK: hot topics

    @Test("a topic with many broadcasts is gathered for the delay; one with few goes out at once")
    func limit_hotTopicDelay() {
        let loop = FakeLoop(hotTopicDelay: Self.delay)
        let listeners = listen(loop, 20)
        loop.accept("room:1", "cold")
        #expect(listeners.allSatisfy { $0.heard == ["cold"] })
        loop.advance(by: .seconds(1))
        heat(loop)
        let before = listeners[0].heard.count
        for number in 0..<10 {
            loop.accept("room:1", "\(number)")
            loop.advance(by: .microseconds(100))
        }
        #expect(listeners.allSatisfy { $0.heard.count == before })
        #expect(loop.scheduledTimers == 1)
        loop.advance(by: .milliseconds(1))
        #expect(listeners.allSatisfy { $0.heard.suffix(10) == (0..<10).map { "\($0)" }[...] && $0.batches == [10] })
        // Cold again: nothing came for long.
        loop.advance(by: .seconds(1))
        loop.accept("room:1", "cold")
        #expect(listeners.allSatisfy { $0.heard.last == "cold" })
    }

    @Test("who catches up does not wait for the delay, and hears nothing twice")
    func catchesUp() {
        let loop = FakeLoop(hotTopicDelay: Self.delay)
        let listeners = listen(loop, 20)
        heat(loop)
        for event in ["1", "2"] { loop.accept("room:1", event) }
        #expect(listeners[3].heard.suffix(2) != ["1", "2"])
        #expect(loop.topics.hasBacklog)
        loop.topics.catchUp(listeners[3])
        #expect(listeners[3].heard.suffix(2) == ["1", "2"])
        loop.accept("room:1", "3")
        loop.advance(by: Self.delay)
        #expect(listeners.allSatisfy { $0.heard.suffix(3) == ["1", "2", "3"] })
        #expect(Set(listeners.map(\.heard.count)).count == 1)
    }

    @Test("where each broadcast waits for the one before, the topic is soon left alone")
    func rests() {
        let loop = FakeLoop(hotTopicDelay: Self.delay)
        let listeners = listen(loop, 20)
        heat(loop)
        loop.accept("room:1", "alone")
        #expect(listeners[0].heard.last != "alone")
        loop.advance(by: Self.delay)
        #expect(listeners[0].heard.last == "alone")
        for number in 0..<100 {
            loop.accept("room:1", "\(number)")
            #expect(listeners[0].heard.last == "\(number)")
            loop.advance(by: .microseconds(200))
        }
    }

    @Test("a hot topic that all have left keeps nothing")
    func leaves() {
        let loop = FakeLoop(hotTopicDelay: Self.delay)
        let listeners = listen(loop, 20)
        heat(loop)
        loop.accept("room:1", "1")
        for listener in listeners { loop.topics.unsubscribe(listener) }
        loop.advance(by: Self.delay)
        loop.run()
        #expect(loop.topics.topicCount == 0)
        #expect(!loop.topics.hasBacklog)
    }
}
