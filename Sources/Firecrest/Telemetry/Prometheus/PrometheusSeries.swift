// Firecrest — the kinds of figures on the Prometheus page.
// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import Synchronization

enum PrometheusKind: String {
    case counter, gauge, histogram

    /// What the names of all kinds end in.
    static let suffixes = [PrometheusCounter.suffix, PrometheusGauge.suffix, PrometheusTimer.suffix]
}

/// One name with one set of labels.
protocol PrometheusSeries: AnyObject, Sendable {
    static var kind: PrometheusKind { get }
    /// What the name of this kind ends in.
    static var suffix: String { get }

    /// Its lines.
    func text(_ name: String, _ labels: String) -> String
}

final class PrometheusCounter: PrometheusSeries, CounterHandler {
    static let kind = PrometheusKind.counter
    static let suffix = "_total"
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { value.wrappingAdd(max(0, amount), ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }
    func text(_ name: String, _ labels: String) -> String {
        "\(PrometheusText.series(name, labels)) \(value.load(ordering: .relaxed))\n"
    }
}

final class PrometheusFloatCounter: PrometheusSeries, FloatingPointCounterHandler {
    static let kind = PrometheusKind.counter
    static let suffix = "_total"
    private let value = AtomicDouble()

    func increment(by amount: Double) { value.add(max(0, amount)) }
    func reset() { value.set(0) }
    func text(_ name: String, _ labels: String) -> String {
        "\(PrometheusText.series(name, labels)) \(value.value)\n"
    }
}

final class PrometheusGauge: PrometheusSeries, MeterHandler, RecorderHandler {
    static let kind = PrometheusKind.gauge
    static let suffix = ""
    private let value = AtomicDouble()

    func set(_ value: Int64) { self.value.set(Double(value)) }
    func set(_ value: Double) { self.value.set(value) }
    func increment(by amount: Double) { value.add(amount) }
    func decrement(by amount: Double) { value.add(-amount) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
    func text(_ name: String, _ labels: String) -> String {
        "\(PrometheusText.series(name, labels)) \(PrometheusText.number(value.value))\n"
    }
}

/// Counts values by class; the classes are fixed when it is made.
final class PrometheusHistogram: PrometheusSeries, RecorderHandler {
    static let kind = PrometheusKind.histogram
    static let suffix = ""
    /// For values of any kind: 1 to 1,000,000 in steps of 1, 5, 10.
    static let sizes: [Double] = [1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 1_000_000]

    private let bounds: [Double]
    private let counts: [PrometheusCounter]
    private let sum = AtomicDouble()

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = (0...bounds.count).map { _ in PrometheusCounter() }
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[index].increment(by: 1)
        sum.add(value)
    }

    func text(_ name: String, _ labels: String) -> String {
        var page = ""
        var total: Int64 = 0
        for (index, count) in counts.enumerated() {
            total += count.count
            let bound = index < bounds.count ? PrometheusText.number(bounds[index]) : "+Inf"
            let all = labels.isEmpty ? "le=\"\(bound)\"" : "\(labels),le=\"\(bound)\""
            page += "\(PrometheusText.series(name + "_bucket", all)) \(total)\n"
        }
        page += "\(PrometheusText.series(name + "_sum", labels)) \(PrometheusText.number(sum.value))\n"
        return page + "\(PrometheusText.series(name + "_count", labels)) \(total)\n"
    }
}

extension PrometheusCounter {
    var count: Int64 { value.load(ordering: .relaxed) }
}

/// A histogram of durations, in seconds as Prometheus has them.
final class PrometheusTimer: PrometheusSeries, TimerHandler {
    static let kind = PrometheusKind.histogram
    static let suffix = "_seconds"
    private static let bounds = [
        0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
    ]
    private let histogram = PrometheusHistogram(bounds: bounds)

    func recordNanoseconds(_ duration: Int64) { histogram.record(Double(duration) / 1_000_000_000) }
    func text(_ name: String, _ labels: String) -> String { histogram.text(name, labels) }
}

/// A number that many threads add to.
final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (isDone, current) = bits.compareExchange(expected: old, desired: new, ordering: .relaxed)
            if isDone { return }
            old = current
        }
    }
}
