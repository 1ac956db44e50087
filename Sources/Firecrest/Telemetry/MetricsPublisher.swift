// Firecrest — hands the loops' counters to swift-metrics.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import Metrics
internal import NIOConcurrencyHelpers

/// The loops count without atomics or locks; every few seconds, and whenever somebody asks for the figures, what was
/// counted since is handed on. A message costs metrics nothing.
final class MetricsPublisher: Sendable {
    private let counters: [(figure: LoopStatistics.Figure, counter: Counter)]
    private let gauges: [(figure: LoopStatistics.Figure, meter: Meter)]
    private let roundTrips: Metrics.Timer
    private let published = NIOLockedValueBox(LoopStatistics())

    init(_ factory: any MetricsFactory) {
        counters = LoopStatistics.figures.filter { $0.kind == .counter }.map {
            ($0, Counter(label: "firecrest.\($0.name)", factory: factory))
        }
        gauges = LoopStatistics.figures.filter { $0.kind == .gauge }.map {
            ($0, Meter(label: "firecrest.\($0.name)", factory: factory))
        }
        roundTrips = Metrics.Timer(label: "firecrest.round_trip", dimensions: [], factory: factory)
        guard let page = factory as? PrometheusRegistry else { return }
        for figure in LoopStatistics.figures { page.explain("firecrest.\(figure.name)", figure.help) }
        page.explain("firecrest.round_trip", "From a ping of ours to its pong.")
    }

    /// Figures that somebody gathered earlier and brings later add nothing.
    func publish(_ statistics: LoopStatistics) {
        published.withLockedValue { last in
            for (figure, counter) in counters {
                let count = statistics[keyPath: figure.value] - last[keyPath: figure.value]
                guard count > 0 else { continue }
                counter.increment(by: count)
                last[keyPath: figure.value] += count
            }
            for (figure, meter) in gauges { meter.set(statistics[keyPath: figure.value]) }
            guard statistics.roundTrips.count > last.roundTrips.count else { return }
            publishRoundTrips(statistics.roundTrips, since: last.roundTrips)
            last.roundTrips = statistics.roundTrips
        }
    }

    /// Each round trip counts as the upper end of its class, the longest as the longest class's lower end.
    private func publishRoundTrips(_ now: DurationHistogram, since last: DurationHistogram) {
        let bounds = DurationHistogram.bounds + [DurationHistogram.bounds.last ?? 0]
        for (bound, counts) in zip(bounds, zip(now.counts, last.counts)) {
            for _ in 0..<max(0, counts.0 - counts.1) { roundTrips.recordNanoseconds(bound * 1_000_000) }
        }
    }
}
