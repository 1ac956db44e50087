// Firecrest — a place in something that goes on; free again when its holder is gone.
// SPDX-License-Identifier: Apache-2.0

import NIOConcurrencyHelpers

/// Held by a channel. Given back by `deinit`, and so in every case: the client left, was cut off, joined again, or the
/// channel crashed.
final class Seat: Sendable {
    /// From 1; no two seats that are taken have the same.
    let number: Int
    private let givenBack: @Sendable (Int) -> Void

    init(_ number: Int, givenBack: @escaping @Sendable (Int) -> Void) {
        self.number = number
        self.givenBack = givenBack
    }

    deinit { givenBack(number) }
}
