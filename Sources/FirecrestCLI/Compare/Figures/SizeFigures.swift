// Firecrest — how large heads and frame headers were.
// SPDX-License-Identifier: Apache-2.0

import Histogram

/// Sizes in bytes; larger ones than can be counted one by one are counted as that.
struct SizeFigures {
    private static let largest: UInt64 = 65_536
    private var histogram = Histogram<UInt32>(highestTrackableValue: largest, numberOfSignificantValueDigits: .three)
    private(set) var count = 0

    mutating func add(_ bytes: Int) {
        _ = histogram.record(min(UInt64(max(bytes, 0)), Self.largest))
        count += 1
    }

    var summary: SizeSummary? {
        guard count > 0 else { return nil }
        return SizeSummary(
            count: count, smallest: Int(histogram.min), typical: Int(histogram.valueAtPercentile(50)),
            largest: Int(histogram.max))
    }
}

struct SizeSummary: Sendable, Equatable {
    var count: Int
    var smallest: Int
    /// The median.
    var typical: Int
    var largest: Int
}
