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

    /// What the client's credentials allow, and until when. Called after `connect` and `refresh`, as `id`. The default, nil:
    /// everything, for ever. A grant whose time is over already refuses the client, with the reason `token_expired`.
    static func grant(_ assigns: Assigns) -> SocketGrant?

    /// Looks at a fresh token that the client presents on its live connection, in place of the one that it connected with:
    /// the event `access_token` on the topic `phoenix`, with the payload `{"access_token": "…"}`.
    ///
    /// What it returns is what channels that are joined from now on know about the client, and what `id` and `grant` are
    /// asked with. The reply is ok, with `{"expires_in": seconds}` when a part of the grant ends; then channels that the new
    /// grant does not allow are closed. A token of another id is refused. The default takes none.
    ///
    /// - Parameter assigns: those of the connection.
    /// - Throws: `ConnectError.refused`, upon which the client gets the error reply `{"reason": "unauthorized"}`, or
    ///   `ConnectError.refused(reason:)`, whose reason is told to the client as text. Any other error is logged, and the
    ///   client hears `refresh failed`. The old grant stays, until it ends.
    static func refresh(_ token: String, _ assigns: Assigns) async throws -> Assigns

    /// The WebSocket options of a mount that gives none. Defaults to `true`.
    static var websocket: WebSocketOptions { get }

    /// The long-poll options of a mount that gives none. Defaults to `false`, as Phoenix.
    static var longpoll: LongPollOptions { get }

    /// The options for server-sent events of a mount that gives none. Defaults to `false`.
    static var sse: EventStreamOptions { get }

    /// The options for short polling of a mount that gives none. Defaults to `false`.
    static var shortpoll: ShortPollOptions { get }

    /// How its connections are sent away when the endpoint stops, of a mount that does not say. Defaults to `true`.
    static var drainer: DrainOptions { get }

    /// The other options of a mount that gives none.
    static var options: SocketOptions { get }

    /// The level of the log line for each connection, accepted or refused; nil for no line. Defaults to info, as Phoenix.
    static var log: Logger.Level? { get }
}

extension Socket {
    public static func id(_ assigns: Assigns) -> String? { nil }

    public static func grant(_ assigns: Assigns) -> SocketGrant? { nil }

    public static func refresh(_ token: String, _ assigns: Assigns) async throws -> Assigns {
        throw ConnectError.refused(reason: "this socket takes no fresh tokens")
    }

    public static var websocket: WebSocketOptions { true }

    public static var longpoll: LongPollOptions { false }

    public static var sse: EventStreamOptions { false }

    public static var shortpoll: ShortPollOptions { false }

    public static var drainer: DrainOptions { true }

    public static var options: SocketOptions { SocketOptions() }

    public static var log: Logger.Level? { .info }

    public static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns { Assigns() }
}
