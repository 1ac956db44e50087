// Firecrest — what an event handler answers.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol

/// The outcome of an event handler: a reply, no reply, or the end of the channel (Phoenix `handle_in` returns).
///
/// A payload that cannot be encoded counts as an error thrown by the handler.
public struct Reply: Sendable {
    enum Action: Sendable {
        case none
        case reply(status: String, payload: Result<Payload, any Error>)
    }

    let action: Action
    let stop: StopReason?

    private init(_ action: Action, stop: StopReason? = nil) {
        self.action = action
        self.stop = stop
    }

    private init(_ status: String, _ payload: Result<Payload, any Error>) {
        self.init(.reply(status: status, payload: payload))
    }

    /// `{"status": "ok", "response": {}}`.
    public static let ok = Reply("ok", .success(.empty))
    /// Nothing is sent. A client that waits for a reply sees a timeout.
    public static let noReply = Reply(.none)

    public static func ok(_ response: some Encodable) -> Reply { status("ok", response) }
    public static func ok(_ response: JSON) -> Reply { status("ok", response) }
    public static func ok(_ response: Payload) -> Reply { status("ok", response) }

    public static func error(_ response: some Encodable) -> Reply { status("error", response) }
    public static func error(_ response: JSON) -> Reply { status("error", response) }
    public static func error(_ response: Payload) -> Reply { status("error", response) }

    /// A reply with a status of your own; phoenix.js hands it to `receive(status, …)`.
    public static func status(_ status: String) -> Reply { Reply(status, .success(.empty)) }
    public static func status(_ status: String, _ response: some Encodable) -> Reply {
        Reply(status, Result { try Payload(encoding: response) })
    }
    public static func status(_ status: String, _ response: JSON) -> Reply {
        Reply(status, Result { try Payload(response) })
    }
    public static func status(_ status: String, _ response: Payload) -> Reply { Reply(status, .success(response)) }

    /// Ends the channel, after `reply` if one is given.
    public static func stop(_ reason: StopReason = .normal, reply: Reply = .noReply) -> Reply {
        Reply(reply.action, stop: reason)
    }
}

/// Why a handler ends its channel. It decides what the client sees.
public enum StopReason: Sendable, Hashable {
    /// `phx_close`: the client does not rejoin.
    case normal
    /// `phx_close`, with a word for `terminate`.
    case shutdown(String)
    /// `phx_error`: the client rejoins after a while.
    case failure(String)
}

/// What `join` answers.
public struct JoinReply: Sendable {
    let isAccepted: Bool
    let response: Result<Payload, any Error>

    /// Joined; the client gets `{}`.
    public static let ok = JoinReply(isAccepted: true, response: .success(.empty))

    public static func ok(_ response: some Encodable) -> JoinReply {
        JoinReply(isAccepted: true, response: Result { try Payload(encoding: response) })
    }
    public static func ok(_ response: JSON) -> JoinReply {
        JoinReply(isAccepted: true, response: Result { try Payload(response) })
    }
    public static func ok(_ response: Payload) -> JoinReply {
        JoinReply(isAccepted: true, response: .success(response))
    }

    /// Refused. phoenix.js tries again after 1, 2, 5 and then every 10 seconds.
    public static func error(_ response: some Encodable) -> JoinReply {
        JoinReply(isAccepted: false, response: Result { try Payload(encoding: response) })
    }
    public static func error(_ response: JSON) -> JoinReply {
        JoinReply(isAccepted: false, response: Result { try Payload(response) })
    }
    public static func error(_ response: Payload) -> JoinReply {
        JoinReply(isAccepted: false, response: .success(response))
    }
}
