// Firecrest — handlers of client events, in three kinds: synchronous, async and offloaded.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol

/// One event that a channel takes from clients. Made by `on`.
public struct Event<C: Channel>: Sendable {
    enum Handler: Sendable {
        /// Runs inline on the event loop.
        case sync(@Sendable (C, Payload, ChannelSocket) throws -> Reply)
        /// Runs in a task on the event loop, with the channel's mailbox closed until it returns.
        case async(@Sendable (C, Payload, ChannelSocket) async throws -> Reply)
        /// Runs on a thread pool, without the channel.
        case offloaded(@Sendable (Payload) throws -> Reply)
    }

    let name: String
    let handler: Handler
}

/// Marks a handler that blocks: it runs on a thread pool and gets the payload only.
public struct Offloaded: Sendable {
    public static let offloaded = Offloaded()
}

/// A payload that is not what `on(_:_:)` asked for. The client gets it as an error reply; the channel goes on.
struct InvalidPayload: Error {
    let event: String
    let detail: String
}

extension Payload {
    fileprivate func decoded<T: Decodable>(_ type: T.Type, for event: String) throws -> T {
        do {
            return try decode(type)
        } catch {
            throw InvalidPayload(event: event, detail: "\(error)")
        }
    }
}

/// Takes an event with its payload as it came: what is only passed on is never decoded.
public func on<C: Channel>(
    _ event: String, _ handler: @escaping @Sendable (C, Payload, ChannelSocket) throws -> Reply
) -> Event<C> {
    Event(name: event, handler: .sync(handler))
}

/// Takes an event in a task on the connection's loop. Later messages of this channel wait; other channels do not.
public func on<C: Channel>(
    _ event: String,
    _ handler: @escaping @Sendable (C, Payload, ChannelSocket) async throws -> Reply
) -> Event<C> {
    Event(name: event, handler: .async(handler))
}

/// Takes an event and decodes its payload. A payload of another shape is answered with the error reply
/// `{"reason": "invalid payload"}`; the handler is not called.
public func on<C: Channel, Message: Decodable & SendableMetatype>(
    _ event: String, _ type: Message.Type,
    _ handler: @escaping @Sendable (C, Message, ChannelSocket) throws -> Reply
) -> Event<C> {
    Event(
        name: event,
        handler: .sync { channel, payload, socket in
            try handler(channel, try payload.decoded(Message.self, for: event), socket)
        })
}

/// As above, in a task on the connection's loop.
public func on<C: Channel, Message: Decodable & SendableMetatype>(
    _ event: String, _ type: Message.Type,
    _ handler: @escaping @Sendable (C, Message, ChannelSocket) async throws -> Reply
) -> Event<C> {
    Event(
        name: event,
        handler: .async { channel, payload, socket in
            try await handler(channel, try payload.decoded(Message.self, for: event), socket)
        })
}

/// Takes an event on a thread pool, for code that blocks or computes for long. The mailbox is closed meanwhile.
public func on<C: Channel, Message: Decodable & SendableMetatype>(
    _ event: String, _ type: Message.Type, _ offloaded: Offloaded,
    _ handler: @escaping @Sendable (Message) throws -> Reply
) -> Event<C> {
    Event(
        name: event,
        handler: .offloaded { payload in
            try handler(try payload.decoded(Message.self, for: event))
        })
}

/// Takes an event on a thread pool, with its payload as it came.
public func on<C: Channel>(
    _ event: String, _ offloaded: Offloaded, _ handler: @escaping @Sendable (Payload) throws -> Reply
) -> Event<C> {
    Event(name: event, handler: .offloaded(handler))
}

/// Lets `events` be a list of `on(…)`.
@resultBuilder
public enum EventsBuilder<C: Channel> {
    public static func buildExpression(_ event: Event<C>) -> [Event<C>] { [event] }
    public static func buildBlock(_ events: [Event<C>]...) -> [Event<C>] { events.flatMap(\.self) }
    public static func buildOptional(_ events: [Event<C>]?) -> [Event<C>] { events ?? [] }
    public static func buildEither(first events: [Event<C>]) -> [Event<C>] { events }
    public static func buildEither(second events: [Event<C>]) -> [Event<C>] { events }
    public static func buildArray(_ events: [[Event<C>]]) -> [Event<C>] { events.flatMap(\.self) }
}
