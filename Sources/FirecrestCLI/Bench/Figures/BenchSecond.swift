// Firecrest — one second of a run: the line that shows it, and a sample of how much figures vary.
// SPDX-License-Identifier: Apache-2.0

struct BenchSecond: Sendable {
    /// Messages, deliveries or cycles a second.
    let rate: Double
    /// Of the server, in cores.
    let cores: Double
    let residentBytes: Int
    private let faults: Int
    private let median: Double?
    private let late: Double?
    private let unit: String

    init(
        seconds: Double, result: SwarmResult, before: SwarmResult, reading: ProcessReading,
        readingBefore: ProcessReading, mode: BenchMode
    ) {
        let units = mode.units(result.counts) - mode.units(before.counts)
        rate = seconds > 0 ? Double(units) / seconds : 0
        cores = seconds > 0 ? (reading.cpuSeconds - readingBefore.cpuSeconds) / seconds : 0
        residentBytes = reading.residentBytes
        faults = result.faults.total
        median = mode.times(result.counts).nanoseconds(percentile: 50)
        late = mode.times(result.counts).nanoseconds(percentile: 99)
        unit = mode.unit
    }

    func line(at time: Double, hasServer: Bool) -> String {
        var line = "\(BenchText.right(BenchText.decimal(time, 0), 5)) s  \(BenchText.count(rate)) \(unit)/s"
        if let median, let late {
            line += "  p50 \(BenchText.milliseconds(median))  p99 \(BenchText.milliseconds(late)) ms so far"
        }
        if hasServer { line += "  server \(BenchText.decimal(cores, 2)) cores \(BenchText.bytes(residentBytes))" }
        return line + "  errors \(faults)"
    }
}

extension BenchMode {
    /// What is counted.
    var unit: String {
        switch self {
        case .connect: "joins"
        case .idle: "heartbeats"
        case .echo: "messages"
        case .fanout, .hot, .slowReaders: "deliveries"
        case .storm: "cycles"
        case .mixed: "messages"
        }
    }

    func units(_ counts: SwarmCounts) -> Int {
        switch self {
        case .connect: counts.joined
        case .idle: counts.heartbeats
        case .echo: counts.replies
        case .fanout, .hot, .slowReaders: counts.deliveries
        case .storm: counts.cycles
        case .mixed: counts.replies + counts.deliveries
        }
    }

    /// The times that matter most here.
    func times(_ counts: SwarmCounts) -> LatencyDistribution {
        switch self {
        case .connect: counts.setUp
        case .idle: counts.heartbeatTimes
        case .echo, .mixed: counts.replyTimes
        case .fanout, .hot, .slowReaders: counts.deliveryTimes
        case .storm: counts.cycleTimes
        }
    }
}
