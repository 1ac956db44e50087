// Firecrest — tests of the bounded outbound queue.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestHTTP

@Suite struct OutboundQueueTests {
    /// A queue of frames that are known by their first letter, and the letters of those that were dropped.
    private struct Queue {
        var queue = OutboundQueue()
        var limits = OutboundLimits()
        var drops: [String] = []

        init(maxBytes: Int = 100, maxFrames: Int? = nil, bytesPerFrame: Int = 0) {
            limits.maxBytes = maxBytes
            limits.maxFrames = maxFrames
            limits.bytesPerFrame = bytesPerFrame
        }

        @discardableResult
        mutating func add(_ name: Character, _ count: Int, _ rule: DropRule? = nil) -> OutboundQueue.Admission {
            var dropped: [String] = []
            let frame = ByteBuffer(string: String(repeating: name, count: count))
            let admission = queue.append(frame, rule: rule, limits: limits) { dropped.append($0.kind.name) }
            drops += dropped
            return admission
        }

        mutating func drain() -> String {
            var names = ""
            while var frame = queue.popFirst() { names += frame.readString(length: 1) ?? "-" }
            return names
        }
    }

    private static var oldest: DropRule { DropRule(.oldest) }
    private static var newest: DropRule { DropRule(.newest) }

    private func latest(_ key: String, topic: String = "t") -> DropRule {
        DropRule(.latest(ConflationKey(topic: topic, name: key)))
    }

    @Test func frames_leave_in_their_order() {
        var queue = Queue()
        for name in "abc" { #expect(queue.add(name, 10) == .queued) }
        #expect(queue.queue.bytes == 30)
        #expect(queue.queue.count == 3)
        #expect(!queue.queue.isEmpty)
        #expect(queue.drain() == "abc")
        #expect(queue.queue.bytes == 0)
        #expect(queue.queue.isEmpty)
    }

    @Test func an_empty_queue_is_a_reference_to_nothing() {
        #expect(MemoryLayout<OutboundQueue>.size == 8)
    }

    /// Of a million pongs of two bytes each costs more than its bytes.
    @Test func what_is_kept_of_small_frames_counts_too() {
        let limits = OutboundLimits()
        var queue = OutboundQueue()
        var count = 0
        while count < 1_000_000, queue.append(ByteBuffer(string: "ab"), limits: limits) == .queued { count += 1 }
        #expect(count == limits.maxBytes / (2 + limits.bytesPerFrame))
    }

    @Test func the_oldest_makes_room_for_what_is_kept_of_frames() {
        var queue = Queue(maxBytes: 300, bytesPerFrame: 90)
        for name in "abc" { #expect(queue.add(name, 10, Self.oldest) == .queued) }
        #expect(queue.add("d", 10, Self.oldest) == .queued)
        #expect(queue.drain() == "bcd")
    }

    @Test func the_limit_itself_is_allowed() {
        var queue = Queue()
        #expect(queue.add("a", 60) == .queued)
        #expect(queue.add("b", 40) == .queued)
        #expect(queue.add("c", 1) == .overflow)
        #expect(queue.queue.bytes == 100)
        #expect(queue.drain() == "ab")
    }

    @Test func a_frame_over_the_limit_is_taken_when_nothing_else_waits() {
        for rule in [nil, Self.oldest, Self.newest] {
            var queue = Queue()
            #expect(queue.add("a", 1_000, rule) == .queued)
            #expect(queue.drain() == "a")
        }
    }

    @Test func the_newest_is_dropped_and_what_waits_is_kept() {
        var queue = Queue()
        for name in "ab" { queue.add(name, 50, Self.newest) }
        #expect(queue.add("c", 1, Self.newest) == .dropped)
        #expect(queue.drops == ["dropNewest"])
        #expect(queue.drain() == "ab")
        #expect(queue.add("d", 1, Self.newest) == .queued)
    }

    @Test func the_oldest_make_as_much_room_as_is_needed() {
        var queue = Queue()
        for name in "abcd" { queue.add(name, 25, Self.oldest) }
        #expect(queue.add("e", 30, Self.oldest) == .queued)
        #expect(queue.queue.bytes == 80)
        #expect(queue.drops.count == 2)
        #expect(queue.drain() == "cde")
    }

    @Test func everything_that_may_goes_for_a_frame_over_the_limit() {
        var queue = Queue()
        for name in "abcd" { queue.add(name, 25, Self.oldest) }
        #expect(queue.add("e", 1_000, Self.oldest) == .queued)
        #expect(queue.queue.bytes == 1_000)
        #expect(queue.drain() == "e")
    }

    @Test func what_must_be_sent_takes_the_room_of_what_may_be_dropped() {
        var queue = Queue()
        queue.add("a", 50, Self.newest)
        queue.add("b", 25)
        queue.add("c", 25, Self.oldest)
        #expect(queue.add("d", 40) == .queued)
        #expect(queue.drops == ["dropNewest"])
        #expect(queue.add("e", 35) == .queued)
        #expect(queue.drops == ["dropNewest", "dropOldest"])
        #expect(queue.add("f", 1) == .overflow)
        #expect(queue.drain() == "bde")
    }

    @Test func a_broadcast_takes_no_room_of_what_must_be_sent_or_was_there_first() {
        var queue = Queue()
        queue.add("a", 50)
        queue.add("b", 50, Self.newest)
        #expect(queue.add("c", 10, Self.oldest) == .dropped)
        #expect(queue.add("d", 10, latest("k")) == .dropped)
        #expect(queue.drops == ["dropOldest", "latest"])
        #expect(queue.drain() == "ab")
    }

    @Test func the_latest_takes_the_place_of_the_one_before() {
        var queue = Queue()
        queue.add("r", 1)
        queue.add("a", 10, latest("x"))
        queue.add("b", 10, latest("y"))
        queue.add("c", 10, latest("x"))
        queue.add("d", 10, latest("x", topic: "other"))
        queue.add("e", 20, latest("y"))
        #expect(queue.drops == ["latest", "latest"])
        #expect(queue.queue.bytes == 41)
        #expect(queue.drain() == "rced")
    }

    @Test func what_has_left_is_replaced_by_nothing() {
        var queue = Queue()
        queue.add("a", 10, latest("x"))
        queue.add("b", 10, latest("y"))
        #expect(queue.queue.popFirst() != nil)
        queue.add("c", 10, latest("x"))
        #expect(queue.drops.isEmpty)
        #expect(queue.drain() == "bc")
    }

    @Test func with_too_many_keys_the_oldest_make_room() {
        var queue = Queue()
        for name in "abcd" { queue.add(name, 25, latest("\(name)")) }
        #expect(queue.add("e", 25, latest("e")) == .queued)
        #expect(queue.drain() == "bcde")
        // A later one that is larger, too.
        for name in "abcd" { queue.add(name, 25, latest("\(name)")) }
        #expect(queue.add("C", 50, latest("c")) == .queued)
        #expect(queue.drain() == "bCd")
    }

    @Test func two_spellings_of_a_key_are_two_keys() {
        #expect(ConflationKey(topic: "t", name: "caf\u{E9}") != ConflationKey(topic: "t", name: "cafe\u{301}"))
    }

    @Test func the_number_of_frames_is_bounded_too() {
        var queue = Queue(maxFrames: 2)
        queue.add("a", 1, Self.oldest)
        queue.add("b", 1, Self.oldest)
        queue.add("c", 1, Self.oldest)
        queue.add("d", 1)
        #expect(queue.queue.count == 2)
        #expect(queue.drain() == "cd")
        queue.add("a", 1)
        queue.add("b", 1)
        #expect(queue.add("c", 1) == .overflow)
    }

    @Test func what_is_sent_once_more_comes_first_and_is_kept() {
        var queue = Queue()
        queue.add("c", 10, latest("x"))
        queue.queue.prepend([ByteBuffer(string: "a"), ByteBuffer(string: "b")])
        queue.add("d", 10, latest("x"))
        #expect(queue.queue.bytes == 12)
        #expect(queue.queue.takeAll().map { String(buffer: $0).prefix(1) } == ["a", "b", "d"])
        #expect(queue.queue.isEmpty)
    }

    @Test func an_emptied_queue_starts_afresh() {
        var queue = Queue()
        for name in "abcd" { queue.add(name, 25, latest("\(name)")) }
        queue.queue.removeAll()
        #expect(queue.queue.isEmpty)
        #expect(queue.queue.bytes == 0)
        #expect(queue.add("e", 100, latest("a")) == .queued)
        #expect(queue.drops.isEmpty)
    }

    /// Against a plain model that looks at everything each time.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func any_sequence_agrees_with_a_plain_model(seed: UInt64) {
        struct Item {
            let number: Int
            let size: Int
            let kind: Int
        }
        var random = SeededGenerator(seed: seed)
        var queue = OutboundQueue()
        var limits = OutboundLimits()
        limits.maxBytes = 2_000
        limits.bytesPerFrame = 0
        var model: [Item] = []
        func size() -> Int { model.reduce(0) { $0 + $1.size } }
        for number in 0..<3_000 {
            if Int.random(in: 0..<10, using: &random) == 0 {
                for _ in 0..<Int.random(in: 1...40, using: &random) {
                    let frame = queue.popFirst()
                    #expect(frame?.getInteger(at: 0, as: Int.self) == model.first?.number)
                    if !model.isEmpty { model.removeFirst() }
                }
                continue
            }
            // 0: must be sent, 1: oldest, 2: newest, 3 and above: latest of a key.
            let kind = Int.random(in: 0..<40, using: &random)
            let item = Item(number: number, size: Int.random(in: 8...60, using: &random), kind: kind)
            var frame = ByteBuffer()
            frame.writeInteger(number)
            frame.writeRepeatingByte(0, count: item.size - 8)
            let rule: DropRule? =
                switch kind {
                case 0: nil
                case 1: Self.oldest
                case 2: Self.newest
                default: latest("\(kind)")
                }
            let admission = queue.append(frame, rule: rule, limits: limits)
            if kind > 2, let index = model.firstIndex(where: { $0.kind == kind }) {
                model[index] = item
                while size() > 2_000, model.count > 1,
                    let index = model.firstIndex(where: { $0.kind != 0 && $0.kind != 2 })
                {
                    model.remove(at: index)
                }
                #expect(admission == .queued)
                continue
            }
            while kind != 2, !model.isEmpty, size() + item.size > 2_000,
                let index = model.firstIndex(where: { kind == 0 ? $0.kind != 0 : $0.kind != 0 && $0.kind != 2 })
            {
                model.remove(at: index)
            }
            if model.isEmpty || size() + item.size <= 2_000 {
                model.append(item)
                #expect(admission == .queued)
            } else {
                #expect(admission == (kind == 0 ? .overflow : .dropped))
            }
            #expect(queue.bytes == size())
            #expect(queue.count == model.count)
        }
        while let frame = queue.popFirst() {
            #expect(frame.getInteger(at: 0, as: Int.self) == model.removeFirst().number)
        }
        #expect(model.isEmpty)
    }
}
