// Firecrest — what became of a herd.
// SPDX-License-Identifier: Apache-2.0

/// A tenth of a second.
struct HerdSlot: Codable, Sendable, Equatable {
    static let nanoseconds: UInt64 = 100_000_000

    /// Joined clients at its end.
    var joined = 0
    /// Connections that ended which were open.
    var closes = 0
    /// Connections that clients began again.
    var attempts = 0
    /// Those that led to an open connection.
    var reconnects = 0
    /// Those that did not: no connection, or another answer than 101.
    var refused = 0
    /// Joins that were answered with an error, or not at all.
    var joinsRefused = 0

    static func + (one: HerdSlot, other: HerdSlot) -> HerdSlot {
        HerdSlot(
            joined: one.joined + other.joined, closes: one.closes + other.closes,
            attempts: one.attempts + other.attempts, reconnects: one.reconnects + other.reconnects,
            refused: one.refused + other.refused, joinsRefused: one.joinsRefused + other.joinsRefused)
    }
}

struct HerdResult: Codable, Sendable, Equatable {
    var clients = 0
    var slots: [HerdSlot] = []
    /// Of each client that was joined and lost its connection: until it was joined again.
    var away = LatencyDistribution()
    /// Clients that were not joined at the end, though they were once.
    var notBack = 0
    /// Clients that were told to stay away (1000).
    var sentAway = 0
    /// By code; `none` where no close frame came.
    var closeCodes: [String: Int] = [:]
    /// Round trips of heartbeats, by the second in which they were answered, of clients that were never cut off.
    var heartbeats: [LatencyDistribution] = []

    /// Most connections begun again in any second, by tenths.
    var peakAttempts: Int { peak(\.attempts) }
    var peakReconnects: Int { peak(\.reconnects) }
    var peakCloses: Int { peak(\.closes) }

    private func peak(_ value: KeyPath<HerdSlot, Int>) -> Int {
        var (sum, peak) = (0, 0)
        for index in slots.indices {
            sum += slots[index][keyPath: value]
            if index >= 10 { sum -= slots[index - 10][keyPath: value] }
            peak = max(peak, sum)
        }
        return peak
    }

    func total(_ value: KeyPath<HerdSlot, Int>) -> Int { slots.reduce(0) { $0 + $1[keyPath: value] } }

    mutating func merge(_ other: HerdResult) {
        clients += other.clients
        for (index, slot) in other.slots.enumerated() {
            if index < slots.count { slots[index] = slots[index] + slot } else { slots.append(slot) }
        }
        for (index, beats) in other.heartbeats.enumerated() {
            if index < heartbeats.count { heartbeats[index].merge(beats) } else { heartbeats.append(beats) }
        }
        away.merge(other.away)
        notBack += other.notBack
        sentAway += other.sentAway
        closeCodes.merge(other.closeCodes) { $0 + $1 }
    }
}
