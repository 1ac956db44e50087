// Firecrest — how many connections listen for each user of the demo.
// SPDX-License-Identifier: Apache-2.0

import NIOConcurrencyHelpers

final class Listeners: Sendable {
    /// Connections, of all users together.
    private static let limit = 10_000

    private let counts = NIOLockedValueBox<(byUser: [UserName: Int], sum: Int)>(([:], 0))

    /// nil when there are too many.
    func enter(_ user: UserName) -> Seat? {
        let number = counts.withLockedValue { counts -> Int? in
            guard counts.sum < Self.limit else { return nil }
            counts.sum += 1
            counts.byUser[user, default: 0] += 1
            return counts.sum
        }
        guard let number else { return nil }
        return Seat(number) { [counts] _ in
            counts.withLockedValue { counts in
                counts.sum -= 1
                let left = counts.byUser[user, default: 1] - 1
                counts.byUser[user] = left > 0 ? left : nil
            }
        }
    }

    func count(_ user: UserName) -> Int {
        counts.withLockedValue { $0.byUser[user] ?? 0 }
    }
}
