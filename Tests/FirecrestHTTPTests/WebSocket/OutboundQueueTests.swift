// Firecrest — tests of the bounded outbound queue.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestHTTP

@Suite struct OutboundQueueTests {
    private func limits(_ policy: SlowConsumerPolicy, maxBytes: Int = 100) -> OutboundLimits {
        var limits = OutboundLimits()
        limits.policy = policy
        limits.maxBytes = maxBytes
        return limits
    }

    private func frame(_ name: Character, _ count: Int) -> ByteBuffer {
        ByteBuffer(string: String(repeating: name, count: count))
    }

    /// The first letter of each frame that is left.
    private func drain(_ queue: inout OutboundQueue) -> String {
        var names = ""
        while var frame = queue.popFirst() { names += frame.readString(length: 1) ?? "-" }
        return names
    }

    @Test func frames_leave_in_their_order() {
        var queue = OutboundQueue()
        for name in "abc" { #expect(queue.append(frame(name, 10), limits: limits(.disconnect)) == .queued) }
        #expect(queue.bytes == 30)
        #expect(!queue.isEmpty)
        #expect(drain(&queue) == "abc")
        #expect(queue.bytes == 0)
        #expect(queue.isEmpty)
    }

    @Test func the_limit_itself_is_allowed() {
        var queue = OutboundQueue()
        #expect(queue.append(frame("a", 60), limits: limits(.disconnect)) == .queued)
        #expect(queue.append(frame("b", 40), limits: limits(.disconnect)) == .queued)
        #expect(queue.append(frame("c", 1), limits: limits(.disconnect)) == .overflow)
        #expect(queue.bytes == 100)
        #expect(drain(&queue) == "ab")
    }

    @Test(arguments: [SlowConsumerPolicy.disconnect, .dropOldest, .dropNewest])
    func a_frame_over_the_limit_is_taken_when_nothing_else_waits(policy: SlowConsumerPolicy) {
        var queue = OutboundQueue()
        #expect(queue.append(frame("a", 1_000), limits: limits(policy)) == .queued)
        #expect(drain(&queue) == "a")
    }

    @Test func drop_newest_keeps_what_waits() {
        var queue = OutboundQueue()
        for name in "ab" { _ = queue.append(frame(name, 50), limits: limits(.dropNewest)) }
        #expect(queue.append(frame("c", 1), limits: limits(.dropNewest)) == .dropped)
        #expect(queue.bytes == 100)
        #expect(drain(&queue) == "ab")
        #expect(queue.append(frame("d", 1), limits: limits(.dropNewest)) == .queued)
    }

    @Test func drop_oldest_makes_as_much_room_as_is_needed() {
        var queue = OutboundQueue()
        for name in "abcd" { _ = queue.append(frame(name, 25), limits: limits(.dropOldest)) }
        #expect(queue.append(frame("e", 30), limits: limits(.dropOldest)) == .queued)
        #expect(queue.bytes == 80)
        #expect(drain(&queue) == "cde")
    }

    @Test func drop_oldest_gives_everything_for_a_frame_over_the_limit() {
        var queue = OutboundQueue()
        for name in "abcd" { _ = queue.append(frame(name, 25), limits: limits(.dropOldest)) }
        #expect(queue.append(frame("e", 1_000), limits: limits(.dropOldest)) == .queued)
        #expect(queue.bytes == 1_000)
        #expect(drain(&queue) == "e")
    }

    @Test func an_emptied_queue_starts_afresh() {
        var queue = OutboundQueue()
        for name in "abcd" { _ = queue.append(frame(name, 25), limits: limits(.disconnect)) }
        queue.removeAll()
        #expect(queue.isEmpty)
        #expect(queue.bytes == 0)
        #expect(queue.append(frame("e", 100), limits: limits(.disconnect)) == .queued)
    }
}
