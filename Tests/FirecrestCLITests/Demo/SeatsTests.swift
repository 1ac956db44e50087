// Firecrest — tests: seats are limited, numbered from the lowest, and given back
// SPDX-License-Identifier: Apache-2.0

import NIOConcurrencyHelpers
import Testing

@testable import FirecrestCLI

@Suite struct SeatsTests {
    @Test func noMoreSeatsThanThereAreAndTheLowestFreeOneFirst() {
        let seats = Seats(limit: 3)
        var taken = (0..<3).compactMap { _ in seats.take() }
        #expect(taken.map(\.number) == [1, 2, 3])
        #expect(seats.take() == nil)
        taken.remove(at: 1)
        #expect(seats.take()?.number == 2)
        taken = []
        #expect(seats.isEmpty)
    }

    @Test func whoComesAndGoesIsSeenWithTheNumberTaken() {
        let seats = Seats(limit: 2)
        let log = NIOLockedValueBox<[String]>([])
        var seat = seats.take(
            come: { number in log.withLockedValue { $0.append("come \(number)") } },
            gone: { number in log.withLockedValue { $0.append("gone \(number), empty: \(seats.isEmpty)") } })
        #expect(seat != nil)
        seat = nil
        #expect(log.withLockedValue { $0 } == ["come 1", "gone 1, empty: false"])
        #expect(seats.isEmpty)
    }
}
