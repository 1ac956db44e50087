// Firecrest — the protocol that users' channels conform to.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol
internal import FirecrestPubSub
public import Logging

/// Server code for one topic of one client.
///
/// A channel is made when a client joins and lives until it leaves, its connection ends, or a callback throws. It gets one
/// message at a time, in order. Make it a `final class`; its stored properties are its state.
///
/// ```swift
/// final class RoomChannel: Channel {
///     init(topic: Topic) {}
///
///     static var events: [Event<RoomChannel>] {
///         on("new_msg") { room, message, socket in
///             socket.broadcast("new_msg", message)
///             return .noReply
///         }
///     }
/// }
/// ```
///
/// In a file that imports NIOCore too, write `Firecrest.Channel`.
///
/// What a callback throws ends this channel with `phx_error` and nothing else; the client rejoins.
///
/// Isolation: a channel lives on its connection's event loop and is not `Sendable`. A handler that blocks blocks the loop:
/// mark it `.offloaded`.
public protocol Channel: AnyObject, SendableMetatype {
    init(topic: Topic)

    /// Decides whether the client may join. The default lets everybody in.
    ///
    /// Broadcasts that are accepted after this returned reach the client, after the join reply. Pushing, broadcasting and
    /// replying are errors in here, since the client has not joined yet: use `socket.send(_:)` to act afterwards.
    ///
    /// - Throws: anything; the client gets the error reply `{"reason": "join crashed"}`.
    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply

    /// The events that clients may send, each an `on(…)`. Read once, when the endpoint is made.
    @EventsBuilder<Self> static var events: [Event<Self>] { get }

    /// Broadcast events that go through `handleOut` instead of straight to the client. Read once. Default: none.
    static var intercepts: [String] { get }

    /// A broadcast of an event in `intercepts`. Push it, change it, or leave it. The default pushes it as it is.
    func handleOut(_ broadcast: BroadcastInfo, _ socket: ChannelSocket) throws

    /// A message from server code: `ChannelSocket.send`, `ChannelRef.send`, or a `BroadcastInfo` of a topic that this
    /// channel subscribed to. The default logs and drops it.
    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws

    /// The client was too slow to get `count` broadcasts (`SlowConsumerPolicy`), and has now taken all that waited for it.
    /// Called once for all that it missed since the last call: push what it needs to be up to date. The default does
    /// nothing.
    func handleMissed(_ count: Int, _ socket: ChannelSocket) throws

    /// The channel has ended. Not called for a join that was refused, nor when the same client joins the topic again.
    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket)

    /// What happens to an event that no `on(…)` names. Default: the channel crashes, as in Phoenix.
    static var unhandledEvent: UnhandledEvent { get }

    /// The level of the log line for each join, accepted or refused; nil for no line. Defaults to info, as Phoenix. Topics
    /// that begin with `phoenix` are never logged.
    static var logJoin: Logger.Level? { get }

    /// The level of the log line for each event handled; nil for no line. Defaults to debug, as Phoenix.
    static var logHandleIn: Logger.Level? { get }
}

extension Channel {
    public func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply { .ok }

    public static var intercepts: [String] { [] }

    public func handleOut(_ broadcast: BroadcastInfo, _ socket: ChannelSocket) throws {
        socket.push(broadcast.event, broadcast.payload)
    }

    public func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        socket.logger.warning(
            "A channel got a message that its handleInfo does not take; dropped.",
            metadata: ["channel": "\(Self.self)", "message": "\(type(of: message))"])
    }

    public func handleMissed(_ count: Int, _ socket: ChannelSocket) throws {}

    public func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {}

    public static var unhandledEvent: UnhandledEvent { .crash }

    public static var logJoin: Logger.Level? { .info }

    public static var logHandleIn: Logger.Level? { .debug }
}

/// What to do with an event that a channel has no handler for.
public enum UnhandledEvent: Sendable, Hashable {
    /// `phx_error`; the client rejoins. What Phoenix does.
    case crash
    /// The reply `{"reason": …}` with status `error`; the channel goes on.
    case replyError(String)
    /// Nothing.
    case ignore
}

/// What a client sent along with its join.
public struct JoinParams: Sendable {
    public let payload: Payload

    /// - Throws: `PayloadError` when the payload has another shape.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try payload.decode(type)
    }

    /// A member of the payload, or nil when there is none or the payload is no object. Decodes the whole payload: for
    /// more than one member use `decode`.
    public subscript(key: String) -> JSON? {
        (try? payload.decode(JSON.self))?[key]
    }
}

/// A broadcast as channel code sees it.
public struct BroadcastInfo: Sendable {
    public let topic: Topic
    public let event: String
    public let payload: Payload
}

extension BroadcastInfo {
    init(_ record: BroadcastRecord) {
        self.init(topic: Topic(record.topic), event: record.event, payload: record.payload)
    }
}
