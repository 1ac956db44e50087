// Firecrest — plain counters of one loop, added up when somebody asks.
// SPDX-License-Identifier: Apache-2.0

/// Counted without atomics on the loop itself. Each is named and explained once, in `figures`.
package struct LoopStatistics: Sendable {
    package var connectionsAccepted = 0
    package var connectionsOpen = 0
    /// Turned away when they were accepted: too many, in all or of one address, or no descriptor left.
    package var connectionsRefused = 0
    /// `accept` failed for want of descriptors or memory.
    package var acceptFailures = 0
    /// Nothing was accepted for a moment, to keep to the rate.
    package var acceptPauses = 0
    /// The loop did nothing for longer than the watchdog's threshold.
    package var loopStalls = 0
    /// Loops that did not say their counters in time; no loop counts it itself.
    package var loopsUnanswered = 0
    package var tlsHandshakes = 0
    /// Failed, or not done in time.
    package var tlsHandshakesFailed = 0
    /// Connections without the PROXY protocol header that their listener expects.
    package var proxyHeadersRefused = 0
    /// Of sockets, closed as the endpoint stops.
    package var connectionsDrained = 0
    /// Of sockets, that a drain has still to close.
    package var connectionsDraining = 0
    package var httpRequests = 0
    /// Answered by the connection itself: malformed, beyond a limit, too slow, not a correct upgrade.
    package var requestsRefused = 0
    package var upgradesAccepted = 0
    package var upgradesRefused = 0
    package var originsRefused = 0
    package var connectTimeouts = 0
    package var webSocketsOpen = 0
    /// Responses without end: server-sent events.
    package var streamsOpen = 0
    package var eventsSent = 0
    package var streamBytesSent = 0
    package var longPollSessionsOpen = 0
    package var longPollSessionsExpired = 0
    package var longPollsAnswered = 0
    package var longPollLinesIgnored = 0
    package var longPollBatchesRepeated = 0
    package var messagesReceived = 0
    package var bytesReceived = 0
    package var framesSent = 0
    package var bytesSent = 0
    package var shortPollsAnswered = 0
    package var shortPollsUnchanged = 0
    package var shortPollTopicsRefused = 0
    package var protocolErrors = 0
    package var idleTimeouts = 0
    package var slowConsumers = 0
    package var pingsSent = 0
    package var pongTimeouts = 0
    package var socketsDisconnected = 0
    package var messagesRefusedForRate = 0
    package var joinsRefusedFromMemory = 0
    package var joinsUnauthorized = 0
    package var eventsUnauthorized = 0
    package var tokensRefreshed = 0
    package var refreshesRefused = 0
    package var channelsRevoked = 0
    package var socketsExpired = 0
    package var joinTimeouts = 0
    package var joinsWaiting = 0
    package var joinsWaited = 0
    /// Too many waited already.
    package var joinsRefusedAsBusy = 0
    package var joinsRefusedAsTooMany = 0
    package var channelsJoined = 0
    package var channelsOpen = 0
    package var channelCrashes = 0
    package var broadcastsDelivered = 0
    package var broadcastsNotEncodable = 0
    package var broadcastsDroppedOldest = 0
    package var broadcastsDroppedNewest = 0
    package var broadcastsConflated = 0
    package var nodeCallsUnanswered = 0
    package var nodeMessagesDropped = 0
    package var logLinesSuppressed = 0
    /// From our pings to the reading of their pongs.
    package var roundTrips = DurationHistogram()

    package init() {}

    package static func + (left: LoopStatistics, right: LoopStatistics) -> LoopStatistics {
        var sum = left
        for figure in figures { sum[keyPath: figure.value] += right[keyPath: figure.value] }
        sum.roundTrips += right.roundTrips
        return sum
    }
}
