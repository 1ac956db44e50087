// Firecrest — a swift-metrics backend whose figures can be read as Prometheus text.
// SPDX-License-Identifier: Apache-2.0

public import CoreMetrics
internal import NIOConcurrencyHelpers

/// Keeps every metric of the process, for a `/metrics` page.
///
/// ```swift
/// let registry = PrometheusRegistry()
/// MetricsSystem.bootstrap(registry)
/// router.get("/metrics") { _, _ in
///     await endpoint.publishMetrics()
///     return registry.text()
/// }
/// ```
///
/// Recording is a few atomic additions; only making a metric and reading the page take a lock. It holds at most `maxSeries`
/// metrics: names and labels that somebody lets clients choose then cost a counter, not the memory.
///
/// Isolation: `Sendable`.
public final class PrometheusRegistry: MetricsFactory {
    private struct Key: Hashable {
        let name: String
        let labels: String
    }

    private struct State {
        var series: [Key: any PrometheusSeries] = [:]
        var kinds: [String: PrometheusKind] = [:]
        /// By label, as metrics are made.
        var explanations: [String: String] = [:]
    }

    private let state = NIOLockedValueBox(State())
    private let maxSeries: Int
    private let refused = PrometheusCounter()

    /// - Parameter maxSeries: metrics that are kept, each name with each set of labels. Further ones count nothing but
    ///   `firecrest_metrics_refused_total`. Defaults to 2,000.
    public init(maxSeries: Int = 2_000) {
        self.maxSeries = maxSeries
    }

    /// The page, in the exposition format 0.0.4, metrics in the order of their names.
    public func text() -> String {
        let (series, kinds, explanations) = state.withLockedValue { ($0.series, $0.kinds, $0.explanations) }
        let helps = Dictionary(
            explanations.flatMap { label, text in
                PrometheusKind.suffixes.map { (PrometheusText.name(label, suffix: $0), text) }
            }, uniquingKeysWith: { first, _ in first })
        var page = ""
        var last = ""
        for (key, value) in series.sorted(by: { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }) {
            if key.name != last {
                if let help = helps[key.name] { page += "# HELP \(key.name) \(PrometheusText.help(help))\n" }
                page += "# TYPE \(key.name) \(kinds[key.name]?.rawValue ?? "untyped")\n"
            }
            last = key.name
            page += value.text(key.name, key.labels)
        }
        page += "# TYPE firecrest_metrics_refused_total counter\n"
        return page + refused.text("firecrest_metrics_refused_total", "")
    }

    /// Says what a metric is, for the page's `# HELP` line; swift-metrics has no place for it.
    public func explain(_ label: String, _ text: String) {
        state.withLockedValue { $0.explanations[label] = text }
    }

    /// The value of `name` and `labels` if it is there already and of the same kind; a new one otherwise.
    private func series<S: PrometheusSeries>(
        _ label: String, _ dimensions: [(String, String)], _ make: () -> S
    ) -> S {
        let key = Key(
            name: PrometheusText.name(label, suffix: S.suffix), labels: PrometheusText.labels(dimensions))
        return state.withLockedValue { state in
            if let old = state.series[key] as? S { return old }
            guard state.series.count < maxSeries, (state.kinds[key.name] ?? S.kind) == S.kind else {
                refused.increment(by: 1)
                return make()
            }
            let new = make()
            state.series[key] = new
            state.kinds[key.name] = S.kind
            return new
        }
    }

    private func remove(_ handler: AnyObject) {
        state.withLockedValue { state in
            state.series = state.series.filter { $0.value !== handler }
        }
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions) { PrometheusCounter() }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions) { PrometheusFloatCounter() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions) { PrometheusGauge() }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate { return series(label, dimensions) { PrometheusHistogram(bounds: PrometheusHistogram.sizes) } }
        return series(label, dimensions) { PrometheusGauge() }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions) { PrometheusTimer() }
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
