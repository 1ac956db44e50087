// Firecrest — whether a loop may have subscribers to a topic, readable from every thread without a lock.
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Counts a loop's topics by hash. A broadcast reads it to leave out the loops where nobody listens.
///
/// Written by its own loop only, read by all. A count of zero is exact: the loop has no subscriber. Another topic with
/// the same hash makes a count positive by mistake, which costs one look into that loop's table and nothing else. At
/// 16,384 counters of four bytes (64 KiB a loop) mistakes stay rare up to some thousands of topics; beyond, every
/// broadcast visits every loop, which is what happens without a filter.
package final class InterestFilter: Sendable {
    private static var size: Int { 16_384 }
    private let counters: InlineArray<16_384, Atomic<UInt32>>

    package init() {
        counters = InlineArray { _ in Atomic(0) }
    }

    package static func slot(of topic: String) -> Int {
        slot(ofHash: NameHash.value(of: topic))
    }

    /// The same for a topic that is bytes yet.
    static func slot(ofUTF8 topic: some Sequence<UInt8>) -> Int {
        slot(ofHash: NameHash.value(of: topic))
    }

    private static func slot(ofHash hash: UInt64) -> Int {
        Int((hash ^ (hash >> 32)) % UInt64(size))
    }

    /// One of `count` loops for a topic, the same on every thread: where what is kept once in a process lives.
    package static func home(of topic: String, among count: Int) -> Int {
        // Other bits than the slot's, so that the topics of one loop spread over its slots.
        Int(NameHash.value(of: topic) >> 33) % max(1, count)
    }

    package func mayContain(_ slot: Int) -> Bool {
        counters[slot].load(ordering: .acquiring) > 0
    }

    func add(_ slot: Int) {
        counters[slot].wrappingAdd(1, ordering: .acquiringAndReleasing)
    }

    func remove(_ slot: Int) {
        counters[slot].wrappingSubtract(1, ordering: .acquiringAndReleasing)
    }
}
