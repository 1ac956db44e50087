// Firecrest — what was wrong with what came back, by kind.
// SPDX-License-Identifier: Apache-2.0

/// The kinds of wrong answers. Names never change: scripts look for them.
enum Fault: String, Codable, CaseIterable, CodingKeyRepresentable, Sendable {
    case connectFailed = "connect_failed"
    case handshakeFailed = "handshake_failed"
    case joinRefused = "join_refused"
    case leaveRefused = "leave_refused"
    case noProgress = "no_progress"
    case dropped
    case closedByServer = "closed_by_server"
    case channelEnded = "channel_ended"
    case frame
    case notPhoenix = "not_phoenix"
    case unexpectedMessage = "unexpected_message"
    case replyLost = "reply_lost"
    case replyDoubled = "reply_doubled"
    case replyReordered = "reply_reordered"
    case replyAltered = "reply_altered"
    case replyUnknown = "reply_unknown"
    case replyNotOK = "reply_not_ok"
    case broadcastLost = "broadcast_lost"
    case broadcastDoubled = "broadcast_doubled"
    case broadcastReordered = "broadcast_reordered"
    case broadcastAltered = "broadcast_altered"
    case heartbeatLost = "heartbeat_lost"
    case heartbeatWrong = "heartbeat_wrong"
    case notSent = "not_sent"

    /// What happened, for the summary.
    var meaning: String {
        switch self {
        case .connectFailed: "connections that could not be made"
        case .handshakeFailed: "handshakes that were refused or answered wrongly"
        case .joinRefused: "joins that were refused"
        case .leaveRefused: "leaves that were refused"
        case .noProgress: "connections that stopped half-way, in time"
        case .dropped: "connections that were cut without a close frame"
        case .closedByServer: "connections that the server closed"
        case .channelEnded: "channels that crashed or ended (phx_error, phx_close)"
        case .frame: "frames that break RFC 6455"
        case .notPhoenix: "messages that are no Phoenix messages"
        case .unexpectedMessage: "messages that nobody asked for"
        case .replyLost: "replies that never came"
        case .replyDoubled: "replies that came twice"
        case .replyReordered: "replies that came after later ones"
        case .replyAltered: "replies whose topic, join ref or payload is not what was sent"
        case .replyUnknown: "replies to what was never sent"
        case .replyNotOK: "replies whose status is not ok"
        case .broadcastLost: "broadcasts that never came"
        case .broadcastDoubled: "broadcasts that came twice"
        case .broadcastReordered: "broadcasts that came after later ones"
        case .broadcastAltered: "broadcasts whose topic or payload is not what was published"
        case .heartbeatLost: "heartbeats without an answer"
        case .heartbeatWrong: "heartbeats answered wrongly"
        case .notSent: "messages not sent, as too many before them were unanswered"
        }
    }
}

struct FaultTally: Codable, Sendable, Equatable {
    private(set) var counts: [Fault: Int] = [:]
    /// What was seen first of each kind.
    private(set) var examples: [Fault: String] = [:]

    var total: Int { counts.values.reduce(0, +) }
    var isEmpty: Bool { counts.isEmpty }

    subscript(_ fault: Fault) -> Int { counts[fault] ?? 0 }

    /// - Parameter example: asked for only when it is the first of its kind.
    mutating func add(_ fault: Fault, count: Int = 1, _ example: @autoclosure () -> String) {
        guard count > 0 else { return }
        counts[fault, default: 0] += count
        if examples[fault] == nil { examples[fault] = example() }
    }

    mutating func merge(_ other: FaultTally) {
        for (fault, count) in other.counts { add(fault, count: count, other.examples[fault] ?? "") }
    }
}
