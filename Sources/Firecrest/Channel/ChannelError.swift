// Firecrest — what channel code did wrong.
// SPDX-License-Identifier: Apache-2.0

/// What channel code did wrong, or had no answer to.
public enum ChannelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Push, broadcast and reply work only after `join` has returned.
    case notJoined
    /// The channel has no handler for an event.
    case unhandledEvent
    /// There is no message to reply to: `replyRef` outside of an event handler.
    case noMessage
    case mailboxOverflow(limit: Int)
    /// `join` took longer than `SocketOptions.joinTimeout`.
    case joinTimeout

    public var description: String {
        switch self {
        case .notJoined:
            "the channel has not joined yet; send yourself a message in join and act on it in handleInfo"
        case .unhandledEvent: "no on(…) handles this event; add one, or set unhandledEvent"
        case .noMessage: "there is no client message to reply to; take the replyRef in an event handler"
        case .joinTimeout: "join took longer than joinTimeout; answer sooner, or raise it"
        case .mailboxOverflow(let limit): "more than \(limit) server messages waited; handle them faster or send fewer"
        }
    }
}
