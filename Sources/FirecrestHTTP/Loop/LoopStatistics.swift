// Firecrest — plain counters of one loop, added up when somebody asks.
// SPDX-License-Identifier: Apache-2.0

/// Counted without atomics on the loop itself; `/metrics` adds the loops up.
package struct LoopStatistics: Sendable {
    package var connectionsAccepted = 0
    package var connectionsOpen = 0
    package var httpRequests = 0
    package var upgradesAccepted = 0
    package var upgradesRefused = 0
    package var originsRefused = 0
    package var webSocketsOpen = 0
    package var messagesReceived = 0
    package var bytesReceived = 0
    package var framesSent = 0
    package var bytesSent = 0
    package var protocolErrors = 0
    package var idleTimeouts = 0
    package var slowConsumers = 0
    package var pingsSent = 0
    package var pongTimeouts = 0
    /// From our pings to the reading of their pongs.
    package var roundTrips = DurationHistogram()
    package var channelsJoined = 0
    package var channelsOpen = 0
    package var channelCrashes = 0
    package var broadcastsDelivered = 0

    package init() {}

    package static func + (left: LoopStatistics, right: LoopStatistics) -> LoopStatistics {
        var sum = left
        sum.connectionsAccepted += right.connectionsAccepted
        sum.connectionsOpen += right.connectionsOpen
        sum.httpRequests += right.httpRequests
        sum.upgradesAccepted += right.upgradesAccepted
        sum.upgradesRefused += right.upgradesRefused
        sum.originsRefused += right.originsRefused
        sum.webSocketsOpen += right.webSocketsOpen
        sum.messagesReceived += right.messagesReceived
        sum.bytesReceived += right.bytesReceived
        sum.framesSent += right.framesSent
        sum.bytesSent += right.bytesSent
        sum.protocolErrors += right.protocolErrors
        sum.idleTimeouts += right.idleTimeouts
        sum.slowConsumers += right.slowConsumers
        sum.pingsSent += right.pingsSent
        sum.pongTimeouts += right.pongTimeouts
        sum.roundTrips += right.roundTrips
        sum.channelsJoined += right.channelsJoined
        sum.channelsOpen += right.channelsOpen
        sum.channelCrashes += right.channelCrashes
        sum.broadcastsDelivered += right.broadcastsDelivered
        return sum
    }
}
