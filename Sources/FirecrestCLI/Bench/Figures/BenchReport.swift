// Firecrest — what a run found.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol

struct BenchReport: Sendable {
    let settings: BenchSettings
    /// Whether somebody said which processes are the server's.
    let hasServer: Bool
    var result = SwarmResult()
    /// The server before the first connection, with all joined, and at both ends of the measured time.
    var before = ProcessReading.none
    var joined = ProcessReading.none
    var windowStart = ProcessReading.none
    var windowEnd = ProcessReading.none
    var measuredSeconds = 0.0
    var seconds: [BenchSecond] = []
    private(set) var notes: [String] = []

    init(settings: BenchSettings, hasServer: Bool) {
        self.settings = settings
        self.hasServer = hasServer
    }

    mutating func note(_ text: String) { notes.append(text) }

    /// Of the busiest process of the load, of one core.
    var busyPercent: Double? {
        let counts = result.counts
        if measuredSeconds > 0 { return counts.busiest / measuredSeconds * 100 }
        let seconds = Double(counts.setUpNanoseconds) / 1e9
        return seconds > 0 ? counts.setUpCPUSeconds / seconds * 100 : nil
    }

    /// Above this the rate is the client's and not the server's.
    static let busyLimit = 90.0

    /// Everything that was measured, with names that never change.
    var figures: [BenchFigure] {
        let counts = result.counts
        var figures: [BenchFigure] = []
        func add(_ name: String, _ value: Double?, spread: Double = 0) {
            if let value, value.isFinite { figures.append(BenchFigure(name: name, value: value, spread: spread)) }
        }
        func add(_ name: String, _ times: LatencyDistribution) {
            guard !times.isEmpty else { return }
            for (label, percentile) in [("p50", 50), ("p90", 90), ("p99", 99), ("p99_9", 99.9)] {
                add("\(name)_\(label)_us", times.nanoseconds(percentile: percentile).map { $0 / 1e3 })
            }
            add("\(name)_max_us", Double(times.max) / 1e3)
            add("\(name)_mean_us", times.mean.map { $0 / 1e3 })
        }
        let setUpSeconds = Double(counts.setUpNanoseconds) / 1e9
        if settings.mode != .storm {
            add("joined", Double(counts.joined))
            add("setup_s", setUpSeconds)
            add("setup_per_s", setUpSeconds > 0 ? Double(counts.joined) / setUpSeconds : nil)
            add("setup", counts.setUp)
        }
        let mode = settings.mode
        let units = Double(mode.units(counts))
        if measuredSeconds > 0, mode != .connect {
            add("seconds", measuredSeconds)
            add(mode.unit, units)
            add("\(mode.unit)_per_s", units / measuredSeconds, spread: spread(\.rate))
        }
        add("reply", counts.replyTimes)
        add("delivery", counts.deliveryTimes)
        add("cycle", counts.cycleTimes)
        add("heartbeat", counts.heartbeatTimes)
        add("send_delay_p99_us", counts.delays.nanoseconds(percentile: 99).map { $0 / 1e3 })
        add("client_busy_percent", busyPercent)
        if mode == .slowReaders {
            add("slow_deliveries", Double(counts.slowDeliveries))
            add("slow_lost", Double(counts.slowLost))
            add("slow_closed", Double(counts.slowClosed.values.reduce(0, +)))
        }
        guard hasServer else { return figures }
        let isSetUpMeasured = mode == .connect
        let cpu =
            isSetUpMeasured
            ? joined.cpuSeconds - before.cpuSeconds : windowEnd.cpuSeconds - windowStart.cpuSeconds
        add("server_cpu_s", cpu)
        if mode != .idle {
            add("server_cpu_s_per_million", units > 0 ? cpu / units * 1e6 : nil, spread: spread(\.cores))
        }
        if measuredSeconds > 0, !isSetUpMeasured { add("server_cores", cpu / measuredSeconds) }
        add("server_rss_before_bytes", Double(before.residentBytes))
        add("server_rss_joined_bytes", Double(joined.residentBytes))
        let held = measuredSeconds > 0 ? windowEnd : joined
        add("server_rss_end_bytes", Double(held.residentBytes))
        if mode == .connect || mode == .idle, counts.joined > 0 {
            let each = Double(counts.joined)
            add("server_bytes_per_connection_joined", Double(joined.residentBytes - before.residentBytes) / each)
            add("server_bytes_per_connection_held", Double(held.residentBytes - before.residentBytes) / each)
        }
        return figures
    }

    /// How much a second's value varies, as a part of the mean's own uncertainty.
    private func spread(_ value: (BenchSecond) -> Double) -> Double {
        let values = seconds.map(value).filter { $0 > 0 }
        guard values.count > 2 else { return 0 }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
        return (variance / Double(values.count)).squareRoot() / mean
    }
}

struct BenchFigure: Sendable, Equatable {
    var name: String
    var value: Double
    /// The value's standard error as a part of it; 0 where it is not known.
    var spread = 0.0
}

extension ProcessReading {
    static let none = ProcessReading()

    private init() {}
}
