// Firecrest — what channel code does to its client and its topic.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
public import FirecrestProtocol
public import FirecrestWire
public import Logging
internal import NIOCore

/// A channel's side of its client: push, broadcast, assigns, messages to itself.
///
/// Calls that send do not throw, so that handlers read well; what goes wrong in one (a payload that is no JSON object, a
/// push in `join`) makes the running callback count as crashed once it returns, and the channel ends with `phx_error`.
///
/// Isolation: belongs to the connection's loop. To reach the channel from elsewhere take `ref`.
public struct ChannelSocket {
    let cell: AnyChannelCell

    public var topic: Topic { Topic(cell.topic) }

    /// This channel's own values: a copy of the connection's, taken at join. Changes are seen by no other channel.
    public var assigns: Assigns {
        get { cell.assigns }
        nonmutating set { cell.assigns = newValue }
    }

    /// Broadcasts to this channel's topic that its client will not get, since it did not read
    /// (`SlowConsumerPolicy`). Counted from the join.
    public var droppedBroadcasts: Int { cell.droppedBroadcasts }

    /// `websocket`, or the name of whatever carries this socket.
    public var transport: String { cell.socket?.transport?.name ?? "closed" }

    /// The endpoint's logger.
    public var logger: Logger { cell.logger ?? Logger(label: "firecrest", factory: { _ in SwiftLogNoOpLogHandler() }) }

    // MARK: to this client

    public func push(_ event: String, _ payload: some Encodable) {
        cell.push(event, Result { try Payload(encoding: payload) })
    }
    public func push(_ event: String, _ payload: JSON) { cell.push(event, Result { try Payload(payload) }) }
    public func push(_ event: String, _ payload: Payload) { cell.push(event, .success(payload)) }

    // MARK: to everybody on the topic

    /// To every subscriber of the topic on all nodes, this client too.
    ///
    /// - Parameter slowConsumers: what becomes of it where a client does not read. nil, the default: what the channel's
    ///   route says.
    public func broadcast(
        _ event: String, _ payload: some Encodable, slowConsumers: SlowConsumerPolicy? = nil
    ) {
        cell.broadcast(
            event, Result { try Payload(encoding: payload) }, except: false, slowConsumers: slowConsumers)
    }
    public func broadcast(_ event: String, _ payload: JSON, slowConsumers: SlowConsumerPolicy? = nil) {
        cell.broadcast(event, Result { try Payload(payload) }, except: false, slowConsumers: slowConsumers)
    }
    public func broadcast(_ event: String, _ payload: Payload, slowConsumers: SlowConsumerPolicy? = nil) {
        cell.broadcast(event, .success(payload), except: false, slowConsumers: slowConsumers)
    }

    /// To every subscriber of the topic but this client.
    public func broadcastFrom(
        _ event: String, _ payload: some Encodable, slowConsumers: SlowConsumerPolicy? = nil
    ) {
        cell.broadcast(
            event, Result { try Payload(encoding: payload) }, except: true, slowConsumers: slowConsumers)
    }
    public func broadcastFrom(_ event: String, _ payload: JSON, slowConsumers: SlowConsumerPolicy? = nil) {
        cell.broadcast(event, Result { try Payload(payload) }, except: true, slowConsumers: slowConsumers)
    }
    public func broadcastFrom(_ event: String, _ payload: Payload, slowConsumers: SlowConsumerPolicy? = nil) {
        cell.broadcast(event, .success(payload), except: true, slowConsumers: slowConsumers)
    }

    // MARK: later, and from elsewhere

    /// A reference to the message being handled, to reply to it later or from anywhere.
    ///
    /// - Throws: `ChannelError.noMessage` outside of an event handler and for a message without a ref,
    ///   `ChannelError.notJoined` in `join`.
    public func replyRef() throws -> ReplyRef {
        guard cell.isJoined, let socket = cell.socket else { throw ChannelError.notJoined }
        guard let ref = cell.messageRef, !ref.isNull else { throw ChannelError.noMessage }
        return ReplyRef(socket: socket, topic: cell.topic, joinRef: cell.joinRef, ref: ref)
    }

    /// A reference to this channel that may be kept and used anywhere.
    ///
    /// - Throws: `ChannelError.notJoined` when the channel has ended.
    public func ref() throws -> ChannelRef {
        guard let socket = cell.socket else { throw ChannelError.notJoined }
        return ChannelRef(cell: cell, eventLoop: socket.loop.eventLoop)
    }

    /// Sends this channel a message: `handleInfo` gets it after the present callback. In `join`, the way to act after it.
    public func send(_ message: some Sendable) {
        cell.enqueue(.info(message))
    }

    /// As `send`, after a delay (up to 8 ms late). Not delivered when the channel has ended by then.
    public func send(_ message: some Sendable, after delay: Duration) {
        guard let timers = cell.socket?.loop.context.timers else { return }
        timers.schedule(DelayedInfo(cell: cell, message: message), after: TimeAmount(delay))
    }

    /// Subscribes this channel to another topic. Its broadcasts come to `handleInfo` as `BroadcastInfo`; the client gets
    /// nothing by itself. Subscribing twice delivers twice.
    public func subscribe(_ topic: Topic) { cell.subscribe(to: topic.name) }

    /// Ends all of this channel's subscriptions to another topic.
    public func unsubscribe(_ topic: Topic) { cell.unsubscribe(from: topic.name) }

    // MARK: the connection

    /// Closes the client's connection, with all its channels. With any code but 1000 phoenix.js reconnects.
    public func disconnect(_ code: CloseCode = .goingAway, reason: String = "disconnected by the server") {
        cell.socket?.close(code, reason: reason)
    }

    /// Drops the connection without a close frame.
    package func dropConnection() { cell.socket?.transport?.drop() }
}

@available(*, unavailable)
extension ChannelSocket: Sendable {}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = .nanoseconds(overflow ? .max : nanoseconds &+ attoseconds / 1_000_000_000)
    }
}
