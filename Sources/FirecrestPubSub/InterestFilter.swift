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
        // FNV-1a: the same slot on every thread, and cheaper than the hasher for short names.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in topic.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return Int((hash ^ (hash >> 32)) % UInt64(size))
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
