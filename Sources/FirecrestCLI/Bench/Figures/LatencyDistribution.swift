// Firecrest — how long things took, mergeable and as JSON.
// SPDX-License-Identifier: Apache-2.0

import Histogram

/// Nanoseconds up to ten minutes, in classes of a thousandth (HDR histogram), and the longest exactly.
///
/// Two of them merge into what one would have been that had recorded both.
struct LatencyDistribution: Sendable, Equatable {
    static let longest: UInt64 = 600_000_000_000

    private var histogram = Histogram<UInt64>(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    private(set) var max: UInt64 = 0
    private(set) var sum: Double = 0

    var count: Int { Int(clamping: histogram.totalCount) }
    var isEmpty: Bool { histogram.totalCount == 0 }

    mutating func record(_ nanoseconds: UInt64) {
        let value = min(nanoseconds, Self.longest)
        histogram.record(value)
        if value > max { max = value }
        sum += Double(value)
    }

    mutating func merge(_ other: LatencyDistribution) {
        guard !other.isEmpty else { return }
        histogram.add(other.histogram)
        max = Swift.max(max, other.max)
        sum += other.sum
    }

    mutating func reset() {
        guard !isEmpty else { return }
        histogram.reset()
        max = 0
        sum = 0
    }

    /// `nil` before the first.
    func nanoseconds(percentile: Double) -> Double? {
        guard !isEmpty else { return nil }
        return Double(min(histogram.valueAtPercentile(percentile), max))
    }

    var mean: Double? { isEmpty ? nil : sum / Double(count) }

    static func == (one: LatencyDistribution, other: LatencyDistribution) -> Bool {
        one.max == other.max && one.classes == other.classes
    }

    /// Each class that has something in it: its value, and how often.
    private var classes: [UInt64] {
        histogram.recordedValues().flatMap { [$0.value, $0.count] }
    }
}

extension LatencyDistribution: Codable {
    private enum CodingKeys: String, CodingKey { case max, sum, classes }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(max, forKey: .max)
        try container.encode(sum, forKey: .sum)
        try container.encode(classes, forKey: .classes)
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let classes = try container.decode([UInt64].self, forKey: .classes)
        for index in stride(from: 0, to: classes.count - 1, by: 2) {
            histogram.record(min(classes[index], Self.longest), count: classes[index + 1])
        }
        max = try container.decode(UInt64.self, forKey: .max)
        sum = try container.decode(Double.self, forKey: .sum)
    }
}
