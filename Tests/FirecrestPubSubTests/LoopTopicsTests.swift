// Firecrest — one loop's topics: slices, order, who hears what, and that memory comes back
// SPDX-License-Identifier: Apache-2.0

import FirecrestPubSub
import Testing

@Suite("Loop topics")
struct LoopTopicsTests {
    // MARK: slices

    @Test("a broadcast reaches a slice of subscribers at once, without a tick")
    func oneSlice() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: LoopTopics.sliceSize)
        loop.accept("room:1", "a")
        #expect(listeners.allSatisfy { $0.heard == ["a"] })
        #expect(!loop.topics.hasBacklog)
    }

    @Test("1,000 subscribers are reached in four ticks of at most 256")
    func slices() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 1_000)
        func reached() -> Int { listeners.count { !$0.heard.isEmpty } }

        loop.accept("room:1", "a")
        #expect(reached() == 256)
        for expected in [512, 768, 1_000] {
            #expect(loop.scheduledTicks == 1)
            loop.tick()
            #expect(reached() == expected)
        }
        #expect(loop.scheduledTicks == 0)
        #expect(listeners.allSatisfy { $0.heard == ["a"] })
    }

    @Test("whoever is behind gets a broadcast after those who are not, and its place back when it has caught up")
    func behindLast() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 600)
        var order: [Int] = []
        for (number, listener) in listeners.enumerated() { listener.onReceive = { _ in order.append(number) } }
        for number in 0..<500 { listeners[number].isBehind = true }
        // It shows when something is sent to them.
        loop.accept("room:1", "a")
        while loop.scheduledTicks > 0 { loop.tick() }

        order = []
        loop.accept("room:1", "b")
        #expect(Array(order.prefix(100)) == Array(500..<600), "of the first slice")
        while loop.scheduledTicks > 0 { loop.tick() }
        #expect(Array(order.dropFirst(100)) == Array(0..<500))

        for listener in listeners { listener.isBehind = false }
        loop.accept("room:1", "c")
        while loop.scheduledTicks > 0 { loop.tick() }
        // Positions are still right: these leave, and the others hear on.
        for number in 500..<600 { loop.topics.unsubscribe(listeners[number]) }
        order = []
        loop.accept("room:1", "d")
        while loop.scheduledTicks > 0 { loop.tick() }
        #expect(order.sorted() == Array(0..<500))
        #expect(listeners[0].heard == ["a", "b", "c", "d"] && listeners[599].heard == ["a", "b", "c"])
    }

    @Test("several broadcasts of one tick share the budget: 256 deliveries, then the loop looks at its sockets")
    func burst() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 100)
        func deliveries() -> Int { listeners.map(\.heard.count).reduce(0, +) }

        for number in 0..<5 { loop.accept("room:1", "\(number)") }
        #expect(deliveries() == 256)
        loop.tick()
        #expect(deliveries() == 500)
        #expect(listeners.allSatisfy { $0.heard == ["0", "1", "2", "3", "4"] })
    }

    @Test("several topics share the budget, and a small one does not wait for the end of a large one")
    func sharedBudget() {
        let loop = FakeLoop()
        let large = loop.listen("large", count: 2_000)
        let small = loop.listen("small", count: 10)
        func reached() -> Int { (large + small).count { !$0.heard.isEmpty } }

        loop.accept("large", "a")
        loop.accept("small", "b")
        #expect(reached() == 256, "what comes later in the tick waits for the next one")
        loop.tick()
        #expect(reached() == 512)
        loop.tick()
        #expect(small.allSatisfy { $0.heard == ["b"] }, "the small topic had its turn after the first slices")
        #expect(large.contains { $0.heard.isEmpty })
        loop.run()
        #expect(large.allSatisfy { $0.heard == ["a"] })
    }

    @Test("only one tick is asked for at a time")
    func oneTick() {
        let loop = FakeLoop()
        _ = loop.listen("a", count: 300)
        _ = loop.listen("b", count: 300)
        for _ in 0..<4 {
            loop.accept("a", "x")
            loop.accept("b", "y")
            #expect(loop.scheduledTicks == 1)
        }
    }

    // MARK: order

    @Test("with several broadcasts pending every subscriber hears all of them, in order")
    func orderAcrossSlices() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 600)
        let events = (0..<20).map { "\($0)" }
        for (index, event) in events.enumerated() {
            loop.accept("room:1", event)
            if index % 5 == 4 { loop.tick() }
        }
        loop.run()
        #expect(listeners.allSatisfy { $0.heard == events })
    }

    @Test("a broadcast made while one is delivered comes after it, for everybody")
    func nestedBroadcast() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 400)
        listeners[10].onReceive = { event in
            if event == "first" { loop.accept("room:1", "second") }
        }
        loop.accept("room:1", "first")
        loop.run()
        #expect(listeners.allSatisfy { $0.heard == ["first", "second"] })
    }

    @Test("a broadcast to another topic made while one is delivered arrives too")
    func nestedOtherTopic() {
        let loop = FakeLoop()
        let other = loop.listen("other")
        loop.listen("room:1").onReceive = { _ in loop.accept("other", "echo") }
        loop.accept("room:1", "a")
        loop.run()
        #expect(other.heard == ["echo"])
    }

    // MARK: subscribing and leaving while a broadcast is under way

    @Test("who subscribes during a slice hears what is broadcast from then on, and nothing earlier")
    func lateSubscriber() {
        let loop = FakeLoop()
        let early = loop.listen("room:1", count: 300)
        loop.accept("room:1", "1")
        loop.accept("room:1", "2")
        let late = loop.listen("room:1")
        loop.accept("room:1", "3")
        loop.run()
        #expect(early.allSatisfy { $0.heard == ["1", "2", "3"] })
        #expect(late.heard == ["3"])
    }

    @Test("who leaves during a slice hears no more; nobody else is skipped or hears twice")
    func leaverDuringSlice() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 600)
        loop.accept("room:1", "1")
        loop.accept("room:1", "2")
        // One that has the first broadcast already, one at the border of the slice, one that has nothing yet, the last.
        let leavers = [0, 255, 256, 599]
        for index in leavers { loop.topics.unsubscribe(listeners[index]) }
        loop.run()
        #expect(leavers.map { listeners[$0].heard } == [["1"], ["1"], [], []])
        for (index, listener) in listeners.enumerated() where !leavers.contains(index) {
            #expect(listener.heard == ["1", "2"], "subscriber \(index)")
        }
        // The list closed its holes: all the others are still there.
        loop.accept("room:1", "3")
        loop.run()
        #expect(listeners.count { $0.heard.last == "3" } == 596)
    }

    @Test("a subscriber may leave, and make others leave, while it is being delivered to")
    func leavingFromReceive() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 5)
        listeners[1].onReceive = { _ in
            for index in [0, 1, 2] { loop.topics.unsubscribe(listeners[index]) }
        }
        loop.accept("room:1", "1")
        loop.accept("room:1", "2")
        #expect(listeners.map(\.heard) == [["1"], ["1"], [], ["1", "2"], ["1", "2"]])
    }

    @Test("who leaves and comes back during a slice hears only what is broadcast after the return")
    func leaveAndReturn() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 300)
        loop.accept("room:1", "1")
        let wanderer = listeners[299]
        loop.topics.unsubscribe(wanderer)
        loop.topics.subscribe(wanderer, to: "room:1")
        loop.accept("room:1", "2")
        loop.run()
        #expect(wanderer.heard == ["2"])
    }

    @Test("a subscriber stands once in its list, and leaving twice is leaving once")
    func idempotence() {
        let loop = FakeLoop()
        let first = loop.listen("room:1")
        let second = loop.listen("room:1")
        loop.topics.subscribe(first, to: "room:1")
        loop.accept("room:1", "1")
        #expect(first.heard == ["1"])
        loop.topics.unsubscribe(first)
        loop.topics.unsubscribe(first)
        loop.accept("room:1", "2")
        #expect(first.heard == ["1"])
        #expect(second.heard == ["1", "2"])
    }

    @Test("`except` leaves out every subscription with that id, and no other")
    func except() {
        let loop = FakeLoop()
        let (one, two) = (loop.listen("room:1"), loop.listen("room:1"))
        let further = Listener(id: one.id, serializerIndex: nil)
        loop.topics.subscribe(further, to: "room:1")
        loop.accept("room:1", "1", except: one)
        loop.accept("room:1", "2")
        #expect(one.heard == ["2"])
        #expect(further.heard == ["2"])
        #expect(two.heard == ["1", "2"])
    }

    @Test("topics are bytes: two spellings of é are two topics")
    func canonicalEquivalents() {
        let loop = FakeLoop()
        let composed = loop.listen("caf\u{E9}")
        let decomposed = loop.listen("cafe\u{301}")
        #expect(loop.topics.topicCount == 2)
        loop.accept("caf\u{E9}", "1")
        loop.accept("cafe\u{301}", "2")
        #expect(composed.heard == ["1"])
        #expect(decomposed.heard == ["2"])
    }

    // MARK: catching up

    @Test("a subscriber that catches up hears what is pending at once and not again")
    func catchUp() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 300)
        loop.accept("room:1", "1")
        loop.accept("room:1", "2")
        #expect(loop.topics.hasBacklog)
        #expect((listeners[0].heard, listeners[299].heard) == (["1"], []))
        // One that has the first broadcast already, and one that has neither.
        for index in [0, 299] { loop.topics.catchUp(listeners[index]) }
        #expect((listeners[0].heard, listeners[299].heard) == (["1", "2"], ["1", "2"]))
        loop.accept("room:1", "3")
        loop.run()
        #expect(listeners.allSatisfy { $0.heard == ["1", "2", "3"] })
        #expect(!loop.topics.hasBacklog)
    }

    @Test("catching up leaves out what `except` and a late subscription leave out")
    func catchUpExceptions() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 300)
        loop.accept("room:1", "1", except: listeners[299])
        let late = loop.listen("room:1")
        loop.accept("room:1", "2")
        loop.topics.catchUp(listeners[299])
        loop.topics.catchUp(late)
        #expect((listeners[299].heard, late.heard) == (["2"], ["2"]))
    }

    // MARK: memory

    @Test("nothing is kept of a topic when all have left")
    func memoryReturns() {
        let loop = FakeLoop()
        var listeners: [Listener] = []
        for topic in 0..<50 { listeners += loop.listen("room:\(topic)", count: 3) }
        #expect(loop.topics.topicCount == 50)
        for listener in listeners { loop.topics.unsubscribe(listener) }
        #expect(loop.topics.topicCount == 0)
        #expect((0..<50).allSatisfy { !loop.interest.mayContain(InterestFilter.slot(of: "room:\($0)")) })
    }

    @Test("nor when they leave while broadcasts are pending: the topic goes with its last broadcast")
    func memoryReturnsAfterPending() {
        let loop = FakeLoop()
        let listeners = loop.listen("room:1", count: 600)
        loop.accept("room:1", "1")
        loop.accept("room:1", "2")
        for listener in listeners { loop.topics.unsubscribe(listener) }
        #expect(loop.topics.topicCount == 1)
        loop.run()
        #expect(loop.topics.topicCount == 0)
        #expect(!loop.interest.mayContain(InterestFilter.slot(of: "room:1")))
        #expect(listeners.allSatisfy { $0.heard == ["1"] || $0.heard == [] })
    }

    @Test("a topic keeps no subscriber alive that has left, nor a broadcast that is delivered")
    func releases() {
        let loop = FakeLoop()
        weak var gone: Listener?
        weak var delivered: Delivery?
        do {
            let listener = loop.listen("room:1")
            loop.listen("room:1")
            gone = listener
            loop.topics.unsubscribe(listener)
            let spy = DeliverySpy(id: loop.topics.makeID())
            loop.topics.subscribe(spy, to: "room:1")
            loop.accept("room:1", "1")
            delivered = spy.last
            spy.last = nil
        }
        #expect(gone == nil)
        #expect(delivered == nil)
    }

    @Test("ids are never 0, differ on one loop, and differ between loops")
    func ids() {
        let loops = [FakeLoop(index: 1), FakeLoop(index: 2)]
        let ids = loops.flatMap { loop in (0..<100).map { _ in loop.topics.makeID() } }
        #expect(Set(ids).count == 200)
        #expect(ids.allSatisfy { $0.rawValue != 0 })
    }

    // MARK: everything together

    /// Whatever happens in whatever order, a subscriber hears exactly the broadcasts accepted while it was subscribed, in
    /// order; if it left early, the first of them.
    @Test("any sequence of steps agrees with the plain model", arguments: 0..<20 as Range<UInt64>)
    func model(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let loop = FakeLoop()
        var present: [Listener] = []
        var gone: [Listener] = []
        var expected: [ObjectIdentifier: [String]] = [:]
        var topicOf: [ObjectIdentifier: String] = [:]
        var broadcasts = 0

        for _ in 0..<600 {
            let topic = "room:\(Int.random(in: 0..<3, using: &random))"
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<30:
                for listener in loop.listen(topic, count: Int.random(in: 1...60, using: &random)) {
                    present.append(listener)
                    expected[ObjectIdentifier(listener)] = []
                    topicOf[ObjectIdentifier(listener)] = topic
                }
            case 30..<55:
                for _ in 0..<min(present.count, Int.random(in: 1...40, using: &random)) {
                    let listener = present.remove(at: Int.random(in: 0..<present.count, using: &random))
                    loop.topics.unsubscribe(listener)
                    gone.append(listener)
                }
            case 55..<75:
                let event = "\(broadcasts)"
                broadcasts += 1
                let except = Bool.random(using: &random) ? present.randomElement(using: &random) : nil
                for listener in present where topicOf[ObjectIdentifier(listener)] == topic && listener !== except {
                    expected[ObjectIdentifier(listener)]?.append(event)
                }
                loop.accept(topic, event, except: except)
            case 75..<85:
                guard let listener = present.randomElement(using: &random) else { continue }
                loop.topics.catchUp(listener)
                #expect(listener.heard == expected[ObjectIdentifier(listener)])
            default:
                loop.tick()
            }
        }
        loop.run()
        for listener in present {
            #expect(listener.heard == expected[ObjectIdentifier(listener)])
        }
        for listener in gone {
            let all = expected[ObjectIdentifier(listener)] ?? []
            #expect(listener.heard == Array(all.prefix(listener.heard.count)))
        }
        for listener in present { loop.topics.unsubscribe(listener) }
        #expect(loop.topics.topicCount == 0)
    }
}

/// Holds on to the last delivery.
private final class DeliverySpy: Subscriber {
    let id: SubscriberID
    var serializerIndex: Int? { nil }
    var place = SubscriberPlace()
    var last: Delivery?

    init(id: SubscriberID) {
        self.id = id
    }

    func receive(_ delivery: Delivery) {
        last = delivery
    }
}
