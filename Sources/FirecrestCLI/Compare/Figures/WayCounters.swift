// Firecrest — what is counted of one way, on its clients' loop.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

struct WayCounters {
    var requests = 0
    /// Answered with nothing new.
    var requestsWithoutNews = 0
    var bytesUp = 0
    var bytesDown = 0
    var messages = 0
    var doubled = 0
    var connections = 0
    var connectionsOpened = 0
    /// Connections and requests that failed and were made again.
    var failures = 0
    /// Of the last of them.
    var lastFailure: String?
    var latency = LatencyHistogram()
    /// Since somebody last looked.
    var recentLatency = LatencyHistogram()
    var requestHeads = SizeFigures()
    var responseHeads = SizeFigures()
    var frameHeadersUp = SizeFigures()
    var frameHeadersDown = SizeFigures()

    var traffic: Traffic { Traffic(requests: requests, bytesUp: bytesUp, bytesDown: bytesDown) }
}

struct Traffic: Sendable, Equatable {
    var requests = 0
    var bytesUp = 0
    var bytesDown = 0
}

/// The counters of one way at one moment, for other threads.
struct WayFigures: Sendable {
    var way: Way
    var total: Traffic
    var requestsWithoutNews: Int
    /// Before the feed's first message.
    var opening: Traffic
    var messages: Int
    var lost: Int
    var doubled: Int
    var connections: Int
    var connectionsOpened: Int
    var failures: Int
    var lastFailure: String?
    var latencyP50: Double?
    var latencyP99: Double?
    var latencyMax: Double?
    var recentLatencyP50: Double?
    var requestHead: SizeSummary?
    var responseHead: SizeSummary?
    var frameHeaderUp: SizeSummary?
    var frameHeaderDown: SizeSummary?
    /// CPU time of the server's thread since the feed's first message, in nanoseconds.
    var serverCPU: Int64 = 0
}
