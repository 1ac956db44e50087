// Firecrest — how long messages were on their way.
// SPDX-License-Identifier: Apache-2.0

import Histogram
import NIOCore

/// Counts times in classes of a thousandth, up to ten minutes, in memory of fixed size.
struct LatencyHistogram {
    private static let longest: UInt64 = 600_000_000
    /// In microseconds.
    private var histogram = Histogram<UInt32>(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    private(set) var count = 0

    mutating func add(_ time: TimeAmount) {
        _ = histogram.record(min(UInt64(max(time.nanoseconds, 0)) / 1_000, Self.longest))
        count += 1
    }

    mutating func reset() {
        guard count > 0 else { return }
        histogram.reset()
        count = 0
    }

    /// Milliseconds that `percent` of the messages took at most; `nil` before the first.
    func milliseconds(percentile percent: Double) -> Double? {
        count == 0 ? nil : Double(histogram.valueAtPercentile(percent)) / 1_000
    }

    /// `nil` before the first.
    var longestMilliseconds: Double? { count == 0 ? nil : Double(histogram.max) / 1_000 }
}
