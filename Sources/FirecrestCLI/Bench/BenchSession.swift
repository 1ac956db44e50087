// Firecrest — one run from the first connection to the last.
// SPDX-License-Identifier: Apache-2.0

import NIOConcurrencyHelpers
import NIOCore

/// Drives the swarms through a run, in this process or in several, and looks at the server meanwhile.
struct BenchSession: Sendable {
    let settings: BenchSettings
    /// Processes of the server.
    var pids: [Int32] = []
    /// Gets a line each second.
    var progress: (@Sendable (String) -> Void)?
    /// Whether the run is to end early.
    var isInterrupted: @Sendable () -> Bool = { false }
    /// Makes the swarms; another one in tests.
    var makeHost: @Sendable (BenchSettings) async throws -> any SwarmHost = { settings in
        if settings.processes > 1 { return try await ProcessHost(settings) }
        return try await LocalHost(settings)
    }

    /// From the order to start to the first message, so that it reaches every process before.
    private static let startDelay: UInt64 = 50_000_000

    func run() async throws -> BenchReport {
        var report = BenchReport(settings: settings, hasServer: !pids.isEmpty)
        report.before = try ProcessReading(pids)
        let hosts = try await hosts()
        do {
            try await run(hosts, &report)
        } catch {
            for host in hosts { await host.close() }
            throw error
        }
        for host in hosts { await host.close() }
        return report
    }

    private func hosts() async throws -> [any SwarmHost] {
        var hosts: [any SwarmHost] = []
        for process in 0..<settings.processes {
            var part = settings
            part.process = process
            hosts.append(try await makeHost(part))
        }
        return hosts
    }

    private func run(_ hosts: [any SwarmHost], _ report: inout BenchReport) async throws {
        let names = BenchSummary.heading(settings)
        progress?(names)
        report.result = try await merged(hosts) { try await $0.setUp() }
        report.joined = try ProcessReading(pids)
        guard report.result.counts.failed == 0 else {
            report.note("The load was not sent, as not all connections could be had.")
            _ = try await merged(hosts) { try await $0.finish(published: [:]) }
            return
        }
        if settings.seconds > 0 || settings.mode != .connect {
            try await measure(hosts, &report)
        }
        var published: [Int32: UInt32] = [:]
        for host in hosts { published.merge(try await host.stop()) { $0 + $1 } }
        let all = published
        report.result = try await merged(hosts) { try await $0.finish(published: all) }
    }

    private func measure(_ hosts: [any SwarmHost], _ report: inout BenchReport) async throws {
        let start = BenchClock.now + Self.startDelay
        for host in hosts { try await host.start(at: start) }
        let windowStart = start + UInt64(settings.warmup * 1e9)
        let windowEnd = windowStart + UInt64(settings.seconds * 1e9)
        try await sleep(until: windowStart)
        report.windowStart = try ProcessReading(pids)
        var last = report.windowStart
        var lastResult = SwarmResult()
        var time = BenchClock.now
        var isDone = false
        while time < windowEnd, !isInterrupted(), !isDone {
            let next = min(time + 1_000_000_000, windowEnd)
            isDone = try await sleep(until: next, orDone: hosts)
            let now = BenchClock.now
            let reading = try ProcessReading(pids)
            // The end itself is not disturbed by a look at it.
            if progress != nil || now < windowEnd {
                let result = try await merged(hosts) { try await $0.snapshot() }
                let second = BenchSecond(
                    seconds: Double(now - time) / 1e9, result: result, before: lastResult, reading: reading,
                    readingBefore: last, mode: settings.mode)
                report.seconds.append(second)
                progress?(second.line(at: Double(now - windowStart) / 1e9, hasServer: !pids.isEmpty))
                lastResult = result
            }
            last = reading
            time = now
        }
        report.measuredSeconds = Double(min(BenchClock.now, windowEnd) - windowStart) / 1e9
        report.windowEnd = last
        if isInterrupted() { report.note("The run was ended early.") }
    }

    /// - Returns: whether all messages came back before that.
    private func sleep(until time: UInt64, orDone hosts: [any SwarmHost]) async throws -> Bool {
        guard settings.maxMessages != nil else {
            try await sleep(until: time)
            return false
        }
        while BenchClock.now < time, !isInterrupted() {
            try await sleep(until: min(time, BenchClock.now + 20_000_000))
            if try await merged(hosts, { try await $0.snapshot() }).isDone { return true }
        }
        return false
    }

    /// Sleeps in pieces, so that an interrupted run ends soon.
    private func sleep(until time: UInt64) async throws {
        while !isInterrupted() {
            let now = BenchClock.now
            guard now < time else { return }
            try await Task.sleep(nanoseconds: min(time - now, 100_000_000))
        }
    }

    /// Asks all at once.
    private func merged(
        _ hosts: [any SwarmHost], _ ask: @escaping @Sendable (any SwarmHost) async throws -> SwarmResult
    ) async throws -> SwarmResult {
        try await withThrowingTaskGroup(of: SwarmResult.self) { group in
            for host in hosts { group.addTask { try await ask(host) } }
            var all: SwarmResult?
            for try await result in group {
                guard all != nil else {
                    all = result
                    continue
                }
                all?.merge(result)
            }
            return all ?? SwarmResult()
        }
    }
}
