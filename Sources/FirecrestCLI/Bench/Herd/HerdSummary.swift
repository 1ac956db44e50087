// Firecrest — a herd's run, for people.
// SPDX-License-Identifier: Apache-2.0

enum HerdSummary {
    /// Tenths of a second in which nothing happened are left out.
    static func render(_ result: HerdResult) -> String {
        var lines: [String] = []
        let columns = ["time", "joined", "closes", "attempts", "reconnects", "refused", "joins refused"]
        var head = ""
        for column in columns { head += BenchText.right(column, column.count + 2) }
        var last: HerdSlot?
        for (index, slot) in result.slots.enumerated() {
            var quiet = slot
            quiet.joined = last?.joined ?? slot.joined
            defer { last = slot }
            guard quiet != HerdSlot(joined: quiet.joined) || slot.joined != quiet.joined else { continue }
            if lines.isEmpty { lines.append(head) }
            let cells =
                [BenchText.decimal(Double(index) / 10, 1)]
                + [slot.joined, slot.closes, slot.attempts, slot.reconnects, slot.refused, slot.joinsRefused].map {
                    BenchText.count($0)
                }
            var line = ""
            for (cell, column) in zip(cells, columns) { line += BenchText.right(cell, column.count + 2) }
            lines.append(line)
        }
        lines += [
            "  closes        \(BenchText.count(result.total(\.closes)))  (\(codes(result.closeCodes)))",
            "  attempts      \(BenchText.count(result.total(\.attempts))), most in a second \(BenchText.count(result.peakAttempts)); refused \(BenchText.count(result.total(\.refused)))",
            "  away          \(times(result.away))",
            "  heartbeat     \(times(result.allHeartbeats))  of clients that stayed",
            "  not back      \(BenchText.count(result.notBack)) of \(BenchText.count(result.clients)); told to stay away \(BenchText.count(result.sentAway))",
        ]
        return lines.joined(separator: "\n")
    }

    private static func codes(_ codes: [String: Int]) -> String {
        if codes.isEmpty { return "none" }
        return codes.sorted { $0.key < $1.key }.map { "\($0.key): \(BenchText.count($0.value))" }.joined(
            separator: ", ")
    }

    private static func times(_ times: LatencyDistribution) -> String {
        guard let p50 = times.nanoseconds(percentile: 50), let p99 = times.nanoseconds(percentile: 99) else {
            return "-"
        }
        return
            "p50 \(BenchText.milliseconds(p50))  p99 \(BenchText.milliseconds(p99))  max \(BenchText.milliseconds(Double(times.max))) ms"
    }
}

extension HerdResult {
    var allHeartbeats: LatencyDistribution {
        heartbeats.reduce(into: LatencyDistribution()) { $0.merge($1) }
    }
}

/// What scripts read.
struct HerdReport: Codable {
    struct Times: Codable {
        var count: Int
        var p50, p99, max: Double

        /// In milliseconds.
        init?(_ times: LatencyDistribution) {
            guard let p50 = times.nanoseconds(percentile: 50), let p99 = times.nanoseconds(percentile: 99) else {
                return nil
            }
            self.count = times.count
            self.p50 = p50 / 1e6
            self.p99 = p99 / 1e6
            self.max = Double(times.max) / 1e6
        }
    }

    var clients: Int
    var notBack: Int
    var sentAway: Int
    var closeCodes: [String: Int]
    var peakAttempts: Int
    var peakReconnects: Int
    var peakCloses: Int
    var attempts: Int
    var refused: Int
    var joinsRefused: Int
    var away: Times?
    var heartbeat: Times?
    /// By second.
    var heartbeats: [Times?]
    /// By tenth of a second.
    var slots: [HerdSlot]

    init(_ result: HerdResult) {
        clients = result.clients
        notBack = result.notBack
        sentAway = result.sentAway
        closeCodes = result.closeCodes
        peakAttempts = result.peakAttempts
        peakReconnects = result.peakReconnects
        peakCloses = result.peakCloses
        attempts = result.total(\.attempts)
        refused = result.total(\.refused)
        joinsRefused = result.total(\.joinsRefused)
        away = Times(result.away)
        heartbeat = Times(result.allHeartbeats)
        heartbeats = result.heartbeats.map(Times.init)
        slots = result.slots
    }
}
