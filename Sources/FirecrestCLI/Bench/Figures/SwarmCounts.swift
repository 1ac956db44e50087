// Firecrest — what a swarm counts.
// SPDX-License-Identifier: Apache-2.0

struct SwarmCounts: Codable, Sendable, Equatable {
    var opened = 0
    var joined = 0
    /// Connections that ended otherwise than they were to.
    var failed = 0
    /// When setting up began, on the machine's monotonic clock, and how long it took, in nanoseconds.
    var setUpStart: UInt64 = 0
    var setUpNanoseconds: UInt64 = 0
    /// Processor time of the clients meanwhile, in seconds.
    var setUpCPUSeconds = 0.0
    /// From opening to joined, of each connection.
    var setUp = LatencyDistribution()

    /// In the measured time: replies, deliveries or cycles.
    var replies = 0
    var deliveries = 0
    var cycles = 0
    var heartbeats = 0
    /// From the time when a message was to be sent to the time when what came of it was read.
    var replyTimes = LatencyDistribution()
    var deliveryTimes = LatencyDistribution()
    var cycleTimes = LatencyDistribution()
    var heartbeatTimes = LatencyDistribution()
    /// How late this program was itself, with a rate.
    var delays = LatencyDistribution()

    /// What slow readers got, what they did not, and the close codes that ended them.
    var slowDeliveries = 0
    var slowLost = 0
    var slowClosed: [String: Int] = [:]

    /// Processor time of the clients in the measured time, in seconds; of the busiest process when merged.
    var busiest = 0.0
    var cpuSeconds = 0.0

    mutating func merge(_ other: SwarmCounts) {
        opened += other.opened
        joined += other.joined
        failed += other.failed
        setUpStart = min(setUpStart, other.setUpStart)
        setUpNanoseconds = max(setUpNanoseconds, other.setUpNanoseconds)
        setUpCPUSeconds = max(setUpCPUSeconds, other.setUpCPUSeconds)
        setUp.merge(other.setUp)
        replies += other.replies
        deliveries += other.deliveries
        cycles += other.cycles
        heartbeats += other.heartbeats
        replyTimes.merge(other.replyTimes)
        deliveryTimes.merge(other.deliveryTimes)
        cycleTimes.merge(other.cycleTimes)
        heartbeatTimes.merge(other.heartbeatTimes)
        delays.merge(other.delays)
        slowDeliveries += other.slowDeliveries
        slowLost += other.slowLost
        slowClosed.merge(other.slowClosed) { $0 + $1 }
        busiest = max(busiest, other.busiest)
        cpuSeconds += other.cpuSeconds
    }
}

/// All that a swarm, or several, have to say at the end.
struct SwarmResult: Codable, Sendable, Equatable {
    var counts = SwarmCounts()
    var faults = FaultTally()
    /// Whether all messages went out that were to, and all came back.
    var isDone = false

    mutating func merge(_ other: SwarmResult) {
        isDone = isDone && other.isDone
        counts.merge(other.counts)
        faults.merge(other.faults)
    }
}
