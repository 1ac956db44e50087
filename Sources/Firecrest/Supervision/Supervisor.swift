// Firecrest — runs services and starts them again when they fail, as a supervisor of OTP.
// SPDX-License-Identifier: Apache-2.0

public import CoreMetrics
public import Logging
public import ServiceLifecycle

/// Runs child services, and starts them again when they end: `Supervisor` in Elixir's and OTP's sense, for tickers, pollers,
/// feeds and whatever else runs beside an endpoint.
///
/// ```swift
/// let supervisor = Supervisor(.restForOne, name: "feeds", logger: logger) {
///     child("prices") { PriceFeed(url: url) }
///     child("ticker", restart: .transient, shutdown: .seconds(10)) { Ticker() }
/// }
/// ```
///
/// Children start in the order they are written in, each when the one before it has been made, and stop in reverse, each
/// when the one after it has stopped. It is a service itself: `run()` returns after a graceful shutdown or a cancellation
/// has been passed on to the children, so it stands in a `ServiceGroup` or is a child of another supervisor. Without
/// children left it goes on, as in OTP.
///
/// What throws is started again; **what traps ends the process**, and a child that never returns cannot be killed
/// (`ShutdownLimit`). docs/supervision.md says what carries over from the BEAM and what does not.
///
/// A child's life has its own graceful shutdown and none of the task-local values around `run()`.
///
/// Isolation: `Sendable`; each `run()` is a life of its own.
public struct Supervisor: Service {
    /// How long a child has to return once it has been cancelled, before it is left behind as runaway: 1 s, which is long
    /// for code that heeds cancellation at all, and short enough for several in one shutdown.
    public static let cancellationLimit = Duration.seconds(1)

    /// Its name in logs, metrics and errors.
    public let name: String
    let strategy: SupervisionStrategy
    let intensity: RestartIntensity
    let children: [ChildSpecification]
    let logger: Logger
    let metrics: any MetricsFactory
    let time: SupervisionTime

    /// - Parameters:
    ///   - strategy: what else is started again with a child. Defaults to `.oneForOne`, as in Elixir.
    ///   - name: its name in logs, metrics and errors.
    ///   - intensity: how many restarts there may be, of all children together, before it gives up: it stops them and
    ///     throws. Defaults to 3 in 5 s as in Elixir (Erlang's `supervisor` allows 1 in 5 s).
    ///   - logger: gets a line for each restart, and for giving up.
    ///   - metrics: where restarts and runaways are counted. nil, the default: what the application gave to
    ///     `MetricsSystem.bootstrap`.
    public init(
        _ strategy: SupervisionStrategy = .oneForOne, name: String = "supervisor",
        intensity: RestartIntensity = RestartIntensity(3, in: .seconds(5)), logger: Logger = Logger(label: "firecrest"),
        metrics: (any MetricsFactory)? = nil, @SupervisorBuilder _ children: () -> [ChildSpecification]
    ) {
        self.init(
            strategy, name: name, intensity: intensity, logger: logger, metrics: metrics, time: .continuous,
            children: children())
    }

    package init(
        _ strategy: SupervisionStrategy, name: String, intensity: RestartIntensity, logger: Logger,
        metrics: (any MetricsFactory)? = nil, time: SupervisionTime, children: [ChildSpecification]
    ) {
        self.strategy = strategy
        self.name = name
        self.intensity = intensity
        self.children = children
        var logger = logger
        logger[metadataKey: "supervisor"] = "\(name)"
        self.logger = logger
        self.metrics = metrics ?? MetricsSystem.factory
        self.time = time
    }

    /// Runs the children until the surrounding service group shuts down, or the task is cancelled.
    ///
    /// - Throws: `SupervisorError` when a child could not be started at the beginning, or had to be started again more often
    ///   than the intensity allows. The other children have been stopped then.
    public func run() async throws {
        try await run {}
    }

    /// As `run()`. `onStarted` is called once all children have been started.
    public func run(onStarted: @escaping @Sendable () async -> Void) async throws {
        let (events, sink) = AsyncStream.makeStream(of: SupervisorEvent.self)
        // A task of its own, which is never cancelled: the children are stopped one by one even then.
        let work = Task { try await SupervisorRun(self, events, sink).run(onStarted) }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await work.value
            } onGracefulShutdown: {
                sink.yield(.stop(.asked))
            }
        } onCancel: {
            sink.yield(.stop(.cancelled))
        }
    }
}

/// Time as a supervisor sees it, so that a test can bring its own.
package struct SupervisionTime: Sendable {
    package let now: @Sendable () -> ContinuousClock.Instant
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    package static let continuous = SupervisionTime(
        now: { .now }, sleep: { try await Task.sleep(for: $0, clock: .continuous) })
}
