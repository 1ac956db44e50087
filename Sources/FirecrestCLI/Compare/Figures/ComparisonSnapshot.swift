// Firecrest — what a comparison says at one moment.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

struct ComparisonSnapshot: Sendable {
    enum Phase: String, Sendable {
        case starting, running, stopping, done, failed
    }

    /// What went through one way in a second, lately.
    struct Rates: Sendable {
        var requests = 0.0
        var messages = 0.0
        var bytesUp = 0.0
        var bytesDown = 0.0
        /// Of one processor.
        var cpuPercent = 0.0
    }

    struct Row: Sendable {
        var figures: WayFigures
        var rates: Rates?
    }

    var run: Int
    var phase: Phase
    var error: String?
    var elapsed: TimeAmount
    var settings: CompareSettings
    var sent: Int
    var rows: [Row]

    static let isDebugBuild: Bool = {
        var isDebug = false
        assert(
            {
                isDebug = true
                return true
            }())
        return isDebug
    }()

    /// Takes the last figures, once all connections are closed. CPU time stays as it was before the closing.
    mutating func finish(with figures: [WayFigures], error: String?) {
        for (index, last) in figures.enumerated() where rows.indices.contains(index) {
            let before = rows[index].figures
            var last = last
            last.serverCPU = before.serverCPU
            rows[index] = Row(figures: last, rates: nil)
        }
        phase = error == nil ? .done : .failed
        self.error = error
    }

    /// A snapshot with nothing in it, from before the first message or of a run that did not begin.
    static func empty(run: Int, _ phase: Phase, _ settings: CompareSettings, error: String? = nil) -> ComparisonSnapshot
    {
        ComparisonSnapshot(
            run: run, phase: phase, error: error, elapsed: .zero, settings: settings, sent: 0, rows: [])
    }
}

/// Makes snapshots of figures, with the rates between one and the next.
struct SnapshotMaker {
    let run: Int
    private var before: (elapsed: TimeAmount, figures: [WayFigures])?

    init(run: Int) {
        self.run = run
    }

    mutating func make(
        _ phase: ComparisonSnapshot.Phase, settings: CompareSettings, elapsed: TimeAmount, sent: Int,
        figures: [WayFigures]
    ) -> ComparisonSnapshot {
        let rows = figures.enumerated().map { index, now in
            let last = before.flatMap { $0.figures.indices.contains(index) ? $0.figures[index] : nil }
            return ComparisonSnapshot.Row(
                figures: now,
                rates: Self.rates(from: last, to: now, in: elapsed - (before?.elapsed ?? .zero)))
        }
        before = (elapsed, figures)
        return ComparisonSnapshot(
            run: run, phase: phase, elapsed: elapsed, settings: settings, sent: sent, rows: rows)
    }

    private static func rates(
        from last: WayFigures?, to now: WayFigures, in time: TimeAmount
    ) -> ComparisonSnapshot.Rates? {
        guard time > .zero else { return nil }
        let seconds = Double(time.nanoseconds) / 1e9
        let traffic = last?.total ?? now.opening
        func rate(_ now: Int, _ before: Int) -> Double { Double(now - before) / seconds }
        return ComparisonSnapshot.Rates(
            requests: rate(now.total.requests, traffic.requests), messages: rate(now.messages, last?.messages ?? 0),
            bytesUp: rate(now.total.bytesUp, traffic.bytesUp), bytesDown: rate(now.total.bytesDown, traffic.bytesDown),
            cpuPercent: Double(now.serverCPU - (last?.serverCPU ?? 0)) / 1e7 / seconds)
    }
}
