// Firecrest — the protocol that users' sockets conform to.
// SPDX-License-Identifier: Apache-2.0

public import Logging

/// One kind of client connection: who may connect, and which channels it may join.
///
/// ```swift
/// struct UserSocket: Socket {
///     static let channels = Channels {
///         channel("room:*", RoomChannel.self)
///     }
/// }
/// ```
public protocol Socket: SendableMetatype {
    /// The routes from topics to channels, first match first. Checked when the endpoint is made.
    static var channels: Channels { get }

    /// Decides whether a client may connect, and what its channels know about it. The default takes everybody.
    ///
    /// - Throws: `ConnectError.refused` answers 403, `ConnectError.refused(reason:)` what the mount's `errorHandler` makes
    ///   of it. Any other error is logged and answers 500.
    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns

    /// Names the connections of one user or device, for example `users:42`, so that `Endpoint.disconnect` can end them all
    /// from anywhere. Called after `connect`. The default, nil: not named.
    ///
    /// The name is a topic, and its length has a topic's limit; an empty or a longer one is refused with 403 and a
    /// warning. No channel of yours should be joinable by it: whoever can broadcast there can disconnect.
    static func id(_ assigns: Assigns) -> String?

    /// The WebSocket options of a mount that gives none. Defaults to `true`.
    static var websocket: WebSocketOptions { get }

    /// The long-poll options of a mount that gives none. Defaults to `false`, as Phoenix.
    static var longpoll: LongPollOptions { get }

    /// The options for server-sent events of a mount that gives none. Defaults to `false`.
    static var sse: EventStreamOptions { get }

    /// The options for short polling of a mount that gives none. Defaults to `false`.
    static var shortpoll: ShortPollOptions { get }

    /// The other options of a mount that gives none.
    static var options: SocketOptions { get }

    /// The level of the log line for each connection, accepted or refused; nil for no line. Defaults to info, as Phoenix.
    static var log: Logger.Level? { get }
}

extension Socket {
    public static func id(_ assigns: Assigns) -> String? { nil }

    public static var websocket: WebSocketOptions { true }

    public static var longpoll: LongPollOptions { false }

    public static var sse: EventStreamOptions { false }

    public static var shortpoll: ShortPollOptions { false }

    public static var options: SocketOptions { SocketOptions() }

    public static var log: Logger.Level? { .info }

    public static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns { Assigns() }
}
