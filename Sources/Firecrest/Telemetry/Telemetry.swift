// Firecrest — one endpoint's telemetry: handlers, metrics, tracer, what may be logged.
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Metrics
internal import Tracing

/// Made once from the endpoint's options. Where nobody listens, nothing is measured.
final class Telemetry: Sendable {
    let endpoint: String
    let filter: ParameterFilter
    let tracer: SocketTracer?
    private let handlers: [any TelemetryHandler]
    /// nil when no backend was bootstrapped.
    private let factory: (any MetricsFactory)?

    init(_ options: EndpointOptions) {
        endpoint = options.nodeName
        filter = options.filterParameters
        handlers = options.telemetry
        let factory = options.metrics ?? MetricsSystem.factory
        self.factory = factory is NOOPMetricsHandler ? nil : factory
        tracer = SocketTracer(options.tracer ?? InstrumentationSystem.tracer)
    }

    /// Whether anybody wants durations.
    var isMeasuring: Bool { factory != nil || !handlers.isEmpty }
    var hasHandlers: Bool { !handlers.isEmpty }

    func emit(_ event: @autoclosure () -> some TelemetryEvent) {
        guard !handlers.isEmpty else { return }
        let event = event()
        for handler in handlers { handler.handle(event) }
    }

    // MARK: metrics

    func timer(_ name: String, _ dimensions: (String, String)...) -> Metrics.Timer? {
        factory.map { Metrics.Timer(label: name, dimensions: dimensions, factory: $0) }
    }

    func counter(_ name: String, _ dimensions: (String, String)...) -> Counter? {
        factory.map { Counter(label: name, dimensions: dimensions, factory: $0) }
    }

    var publisher: MetricsPublisher? { factory.map { MetricsPublisher($0) } }
}

/// One timer for each result.
struct ResultTimers: Sendable {
    private let ok: Metrics.Timer?
    private let error: Metrics.Timer?

    init(_ telemetry: Telemetry, _ name: String, _ what: (String, String)) {
        ok = telemetry.timer(name, what, ("result", "ok"))
        error = telemetry.timer(name, what, ("result", "error"))
    }

    func record(_ duration: Duration, _ result: TelemetryResult) {
        (result == .ok ? ok : error)?.record(duration: duration)
    }
}
