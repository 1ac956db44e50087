// Firecrest — a number that routes and tests share.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .acquiring) }

    func add(_ amount: Int = 1) {
        count.add(amount, ordering: .acquiringAndReleasing)
    }
}
