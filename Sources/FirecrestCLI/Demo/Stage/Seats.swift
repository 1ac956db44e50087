// Firecrest — the seats of an act: as many as there are, and no more.
// SPDX-License-Identifier: Apache-2.0

import NIOConcurrencyHelpers

final class Seats: Sendable {
    private let limit: Int
    private let taken = NIOLockedValueBox(Set<Int>())

    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { taken.withLockedValue { $0.isEmpty } }

    /// The free seat with the lowest number; nil when all are taken. The stage then moves.
    ///
    /// - Parameters:
    ///   - come: called with the number before the seat is handed out.
    ///   - gone: called when it was given back, before its number is free again.
    func take(come: (Int) -> Void = { _ in }, gone: @escaping @Sendable (Int) -> Void = { _ in }) -> Seat? {
        let number = taken.withLockedValue { taken in
            (1...limit).first { !taken.contains($0) }.map { taken.insert($0).memberAfterInsert }
        }
        guard let number else { return nil }
        come(number)
        Stage.shared.wake()
        return Seat(number) { [taken] number in
            gone(number)
            taken.withLockedValue { _ = $0.remove(number) }
        }
    }
}
