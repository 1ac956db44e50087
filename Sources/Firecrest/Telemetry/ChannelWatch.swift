// Firecrest — what is measured, logged and traced of one channel type.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import Logging
internal import Metrics
internal import NIOCore
internal import Tracing

/// Shared by all channels that came through one route; immutable, and a reference: a copy for each message would show.
final class ChannelWatch: Sendable {
    let name: String
    let telemetry: Telemetry
    private let logJoin: Logger.Level?
    private let logHandleIn: Logger.Level?
    private let joins: ResultTimers
    private let isMeasuring: Bool
    private let isTracing: Bool

    init<C: Channel>(_ type: C.Type, _ telemetry: Telemetry) {
        name = "\(type)"
        self.telemetry = telemetry
        logJoin = C.logJoin
        logHandleIn = C.logHandleIn
        joins = ResultTimers(telemetry, ChannelJoined.name, ("channel", name))
        isMeasuring = telemetry.isMeasuring
        isTracing = telemetry.tracer != nil
    }

    func begin(_ cell: AnyChannelCell, join params: JoinParams) -> JoinRun {
        JoinRun(params: params, started: .now(), span: span(ChannelJoined.name, cell))
    }

    /// Starts the clock only if somebody looks at it. On the way of each message, so as little as can be.
    @inline(__always)
    func begin(_ cell: AnyChannelCell, event: String, ref: Ref, payload: Payload, timer: Metrics.Timer?) -> EventRun {
        var run = EventRun(event: event, ref: ref, payload: payload, timer: timer)
        if let level = logHandleIn, cell.socket?.definition.isLogging(level) ?? false, isLogged(cell.topic) {
            run.logLevel = level
        }
        run.isMeasured = isMeasuring || run.logLevel != nil
        if run.isMeasured { run.started = .now() }
        if isTracing { run.span = span(ChannelHandledIn.name, cell) }
        return run
    }

    /// Whether more than a timer is to know of each event.
    @inline(__always)
    func isLookedOn(_ cell: AnyChannelCell) -> Bool {
        if isTracing || telemetry.hasHandlers { return true }
        guard let level = logHandleIn else { return false }
        return cell.socket?.definition.isLogging(level) ?? false
    }

    private func span(_ name: String, _ cell: AnyChannelCell) -> (any Span)? {
        telemetry.tracer?.channelSpan(name, self.name, linkedTo: cell.socket?.trace)
    }

    /// Phoenix keeps its own topics out of the log.
    private func isLogged(_ topic: String) -> Bool { !topic.utf8.starts(with: "phoenix".utf8) }

    // MARK: the end of it

    func joined(_ cell: AnyChannelCell, _ run: JoinRun, _ result: TelemetryResult) {
        let duration = run.started.duration
        joins.record(duration, result)
        telemetry.emit(
            ChannelJoined(duration: duration, params: run.params.payload, socket: describe(cell), result: result))
        guard var level = logJoin, let logger = cell.logger, isLogged(cell.topic) else { return }
        if cell.socket?.transport is ShortPoll { level = min(level, ShortPollOptions.logLevel) }
        guard logger.logLevel <= level else { return }
        logger.log(
            level: level, result == .ok ? "A client joined." : "A client may not join.",
            metadata: [
                "topic": "\(cell.topic.forLog())", "channel": "\(name)", "duration": "\(duration.forLog)",
                "params": "\(telemetry.filter.text(run.params.payload))",
            ])
    }

    @inline(__always)
    func handled(_ cell: AnyChannelCell, _ run: EventRun) {
        guard run.isMeasured else { return }
        let nanoseconds = (NIODeadline.now() - run.started).nanoseconds
        run.timer?.recordNanoseconds(nanoseconds)
        if run.logLevel != nil || telemetry.hasHandlers { tell(cell, run, .nanoseconds(nanoseconds)) }
    }

    @inline(never)
    private func tell(_ cell: AnyChannelCell, _ run: EventRun, _ duration: Duration) {
        telemetry.emit(
            ChannelHandledIn(
                duration: duration, ref: run.ref, event: run.event, params: run.payload, socket: describe(cell)))
        guard let level = run.logLevel, let logger = cell.logger else { return }
        logger.log(
            level: level, "An event was handled.",
            metadata: [
                "event": "\(run.event.forLog())", "topic": "\(cell.topic.forLog())", "channel": "\(name)",
                "duration": "\(duration.forLog)", "params": "\(telemetry.filter.text(run.payload))",
            ])
    }

    private func describe(_ cell: AnyChannelCell) -> TelemetryChannel {
        TelemetryChannel(
            channel: name, topic: Topic(cell.topic), joinRef: cell.joinRef,
            transport: cell.socket?.transport?.name ?? "closed", userSocket: cell.socket?.definition.name ?? "",
            socketID: cell.socket?.id, assigns: cell.assigns)
    }
}

/// One call of `join`.
struct JoinRun {
    let params: JoinParams
    let started: NIODeadline
    let span: (any Span)?
}

/// One call of an event handler.
struct EventRun {
    let event: String
    let ref: Ref
    var payload: Payload
    let timer: Metrics.Timer?
    var started = NIODeadline.uptimeNanoseconds(0)
    var isMeasured = false
    var logLevel: Logger.Level?
    var span: (any Span)?

    /// With the payload in memory of its own, for a handler that does not return at once.
    func kept() -> EventRun {
        var kept = self
        kept.payload = payload.copied()
        return kept
    }
}

extension NIODeadline {
    /// The time since then.
    var duration: Duration { .nanoseconds((NIODeadline.now() - self).nanoseconds) }
}

extension Optional where Wrapped == any Span {
    /// Runs `body` with the span as the current one.
    func current<T>(_ body: () throws -> T) rethrows -> T {
        guard let span = self else { return try body() }
        return try InstrumentationContext.withValue(span.context, operation: body)
    }

    func current<T>(_ body: () async throws -> T) async rethrows -> T {
        guard let span = self else { return try await body() }
        return try await InstrumentationContext.withValue(span.context, operation: body)
    }

    /// Ends the span, with the error if there was one.
    func end(_ error: (any Error)? = nil) {
        guard let span = self else { return }
        if let error { span.recordError(error) }
        span.end()
    }
}
