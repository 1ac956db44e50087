// Firecrest — what a load is, whoever carries it out.
// SPDX-License-Identifier: Apache-2.0

enum BenchMode: String, Codable, Sendable, CaseIterable {
    case connect, idle, echo, fanout, hot, storm
    case slowReaders = "slow-readers"
    case mixed
}

struct BenchSettings: Codable, Sendable, Equatable {
    var mode: BenchMode
    /// Of the mount, as phoenix.js has it.
    var url: String
    /// Parameters of the connection, a JSON object.
    var params = "{}"
    /// Further lines of the request.
    var headers: [String] = []
    /// Clients, those that read slowly not among them.
    var connections = 1
    /// With `%d` for the topic's number.
    var topic = "room:%d"
    /// Topics that are published to, in `hot`.
    var topics = 1
    /// Connections of one topic, in `connect`, `idle`, `echo`, and in the rooms of `mixed`.
    var members = 1
    /// Of the pushes that are answered.
    var echoEvent = "echo"
    /// Of the pushes that are broadcast.
    var broadcastEvent = "new_msg"
    /// Messages or cycles begun a second, by all; `nil`: each waits for the answer of one before it.
    var rate: Double?
    /// Messages outstanding of each connection, without a rate.
    var pipeline = 1
    /// Messages that each connection sends at most; `nil`: as many as there is time for. When all are answered the run ends.
    var maxMessages: Int?
    /// Bytes of the text in a payload.
    var size = 64
    /// Length of what is measured.
    var seconds = 10.0
    /// Length of what goes before and is not measured.
    var warmup = 2.0
    /// Handshakes under way at once.
    var inflight = 256
    /// Seconds from one heartbeat of a connection to its next; 0: none.
    var heartbeat = 30.0
    /// Local addresses to connect from; empty: the system's choice, or 127.0.1.x where one address is not enough.
    var sources: [String] = []
    /// Clients that read slowly, and how slowly.
    var slowReaders = 0
    var slowBytesPerSecond = 1.0
    /// Whether replies may come in any order.
    var takesAnyOrder = false
    /// Seconds without any progress after which what is outstanding is given up.
    var patience = 10.0
    /// Told apart from those of other runs, messages have this in their check.
    var seed: UInt64 = 0
    /// Processes that share the connections, and which of them this is.
    var processes = 1
    var process = 0

    /// Pushes of one connection that may be unanswered when a rate asks for the next.
    static let maxOutstanding = 10_000
    /// Connections from one source address; towards 14,000 the kernel's search for a free port is most of the work.
    static let connectionsPerSource = 4_000
}
