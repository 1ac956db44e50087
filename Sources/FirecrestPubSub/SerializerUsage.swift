// Firecrest — which serializers have subscribers in this process.
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Counts subscriptions by serializer, so that a broadcast is encoded for those in use and no others.
package final class SerializerUsage: Sendable {
    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    private let counters: [Counter]

    package init(serializers: Int) {
        counters = (0..<serializers).map { _ in Counter() }
    }

    package func isUsed(_ index: Int) -> Bool {
        counters[index].value.load(ordering: .acquiring) > 0
    }

    func add(_ index: Int) {
        counters[index].value.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }

    func remove(_ index: Int) {
        counters[index].value.wrappingSubtract(1, ordering: .acquiringAndReleasing)
    }
}
