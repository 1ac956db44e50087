// Firecrest — how long something took, in a few fixed classes.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Counts durations by class, and adds them up. One value of fixed size on each loop.
package struct DurationHistogram: Sendable, Hashable {
    /// The upper ends of the classes in milliseconds, inclusive; what is longer is in the last class.
    package static let bounds: [Int64] = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000]

    /// How many fell into each class, one class more than there are bounds.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    package private(set) var nanoseconds: Int64 = 0

    package init() {}

    package var count: Int { counts.reduce(0, +) }

    package mutating func add(_ duration: TimeAmount) {
        let limit = Self.bounds.firstIndex { duration.nanoseconds <= $0 * 1_000_000 }
        counts[limit ?? Self.bounds.count] += 1
        nanoseconds &+= max(0, duration.nanoseconds)
    }

    package static func += (left: inout DurationHistogram, right: DurationHistogram) {
        for index in left.counts.indices { left.counts[index] += right.counts[index] }
        left.nanoseconds &+= right.nanoseconds
    }
}
