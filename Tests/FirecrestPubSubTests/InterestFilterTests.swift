// Firecrest — which loops a broadcast may leave out
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestPubSub

@Suite("Interest filter")
struct InterestFilterTests {
    @Test("says no until the first subscriber's topic is added, and again after the last is removed")
    func counts() {
        let filter = InterestFilter()
        let slot = InterestFilter.slot(of: "room:1")
        #expect(!filter.mayContain(slot))
        filter.add(slot)
        filter.add(slot)
        #expect(filter.mayContain(slot))
        filter.remove(slot)
        #expect(filter.mayContain(slot))
        filter.remove(slot)
        #expect(!filter.mayContain(slot))
    }

    @Test("a topic's slot is in range and always the same; other topics mostly have others")
    func slots() {
        let slots = (0..<2_000).map { InterestFilter.slot(of: "room:\($0)") }
        #expect(slots.allSatisfy { (0..<16_384).contains($0) })
        #expect(slots == (0..<2_000).map { InterestFilter.slot(of: "room:\($0)") })
        #expect(Set(slots).count > 1_800)
        for odd in ["", "\u{0}", "🏔", String(repeating: "x", count: 5_000)] {
            #expect((0..<16_384).contains(InterestFilter.slot(of: odd)))
        }
    }

    @Test("two topics of one slot are counted together: a mistake can only say yes")
    func collision() throws {
        let target = InterestFilter.slot(of: "room:1")
        let other = try #require(
            (2...1_000_000).lazy.map { "room:\($0)" }.first { InterestFilter.slot(of: $0) == target })
        let loop = FakeLoop()
        let (one, two) = (loop.listen("room:1"), loop.listen(other))
        loop.topics.unsubscribe(one)
        #expect(loop.interest.mayContain(target))
        loop.topics.unsubscribe(two)
        #expect(!loop.interest.mayContain(target))
    }

    @Test("counts topics, not subscribers: it follows the first and the last")
    func followsTheTopic() {
        let loop = FakeLoop()
        let slot = InterestFilter.slot(of: "room:1")
        let listeners = loop.listen("room:1", count: 3)
        for listener in listeners {
            #expect(loop.interest.mayContain(slot))
            loop.topics.unsubscribe(listener)
        }
        #expect(!loop.interest.mayContain(slot))
    }
}
