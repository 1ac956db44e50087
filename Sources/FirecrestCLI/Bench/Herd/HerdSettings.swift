// Firecrest — what a herd is: clients that come back by themselves, as pages with phoenix.js do.
// SPDX-License-Identifier: Apache-2.0

struct HerdSettings: Codable, Sendable, Equatable {
    /// Of the mount, the sources and the handshakes under way at once; the rest is not looked at.
    var bench: BenchSettings
    var clients = 1_000
    /// Length of the run, after all have joined.
    var seconds = 30.0
    var backoff = HerdBackoff.phoenix
    /// Seconds that a client waits for the reply to a join or a heartbeat.
    var patience = 10.0

    /// The numbers of this process's clients.
    var range: Range<Int> {
        let (process, processes) = (bench.process, max(1, bench.processes))
        return clients * process / processes..<clients * (process + 1) / processes
    }
}

/// When a client tries again.
enum HerdBackoff: String, Codable, Sendable, CaseIterable {
    /// As phoenix.js: always the same times, counted anew from each connection that opens.
    case phoenix
    /// As firecrest.js: anything up to the step, counted anew from each message.
    case firecrest

    /// Nanoseconds before the `tries`th try of a connection, counted from 1.
    func reconnect(_ tries: Int, _ random: inout SplitMix64) -> UInt64 {
        switch self {
        case .phoenix: Self.step(tries, [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000])
        case .firecrest: Self.part(0, of: Self.step(tries, [500, 1_000, 2_000, 5_000, 10_000]), &random)
        }
    }

    /// The same of a join.
    func rejoin(_ tries: Int, _ random: inout SplitMix64) -> UInt64 {
        switch self {
        case .phoenix: Self.step(tries, [1_000, 2_000, 5_000, 10_000])
        case .firecrest: Self.part(0.5, of: Self.step(tries, [2_000, 4_000, 8_000, 15_000]), &random)
        }
    }

    /// The last one repeats.
    private static func step(_ tries: Int, _ milliseconds: [UInt64]) -> UInt64 {
        milliseconds[min(max(tries, 1), milliseconds.count) - 1] * 1_000_000
    }

    private static func part(_ floor: Double, of step: UInt64, _ random: inout SplitMix64) -> UInt64 {
        let unit = Double(random.next() >> 11) / Double(1 << 53)
        return UInt64(Double(step) * (floor + (1 - floor) * unit))
    }
}
