// Firecrest — something of the demo that goes on by itself while somebody watches.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

protocol Act: Sendable {
    /// A divisor of 60.
    static var ticksPerSecond: Int { get }

    var seats: Seats { get }

    func tick(_ endpoint: Endpoint) async throws
}
