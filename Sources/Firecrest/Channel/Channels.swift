// Firecrest — the routes from topics to channel types.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol
internal import Metrics

/// The channels that a socket serves. The first route that matches a topic takes it, so `food*` stands before `foo*`.
public struct Channels: Sendable {
    let routes: [ChannelRoute]

    public init(@ChannelsBuilder _ routes: () -> [ChannelRoute]) {
        self.routes = routes()
    }

    /// - Throws: `TopicPatternError` for a pattern that cannot work.
    func compiled(_ telemetry: Telemetry) throws -> [CompiledRoute] {
        try routes.map { try $0.compile(telemetry) }
    }
}

/// One route. Made by `channel`.
public struct ChannelRoute: Sendable {
    let compile: @Sendable (Telemetry) throws -> CompiledRoute
}

/// Sends topics that match `pattern` to a channel type. `pattern` is an exact topic, or a prefix that ends in `*`.
///
/// - Parameters:
///   - assigns: merged over the connection's assigns for channels of this route.
///   - slowConsumers: what becomes of broadcasts to clients that do not read, where a broadcast says nothing else.
public func channel<C: Channel>(
    _ pattern: String, _ type: C.Type, assigns: Assigns = Assigns(), slowConsumers: SlowConsumerPolicy = .disconnect
) -> ChannelRoute {
    ChannelRoute { telemetry in
        let definition = ChannelDefinition<C>(telemetry)
        return CompiledRoute(
            pattern: try TopicPattern(pattern), assigns: assigns, intercepts: C.intercepts,
            slowConsumers: slowConsumers, watch: ChannelWatch(C.self, telemetry), events: definition.table,
            makeCell: { request in ChannelCell<C>(request, definition: definition) })
    }
}

@resultBuilder
public enum ChannelsBuilder {
    public static func buildExpression(_ route: ChannelRoute) -> [ChannelRoute] { [route] }
    public static func buildBlock(_ routes: [ChannelRoute]...) -> [ChannelRoute] { routes.flatMap(\.self) }
    public static func buildOptional(_ routes: [ChannelRoute]?) -> [ChannelRoute] { routes ?? [] }
    public static func buildEither(first routes: [ChannelRoute]) -> [ChannelRoute] { routes }
    public static func buildEither(second routes: [ChannelRoute]) -> [ChannelRoute] { routes }
    public static func buildArray(_ routes: [[ChannelRoute]]) -> [ChannelRoute] { routes.flatMap(\.self) }
}

/// A route that was checked at start. Shared by all channels that came through it.
final class CompiledRoute: Sendable {
    let pattern: TopicPattern
    let assigns: Assigns
    let slowConsumers: SlowConsumerPolicy
    let watch: ChannelWatch
    let events: EventTable
    let makeCell: @Sendable (JoinRequest) -> AnyChannelCell
    let hasIntercepts: Bool
    private let intercepts: [String]

    init(
        pattern: TopicPattern, assigns: Assigns, intercepts: [String], slowConsumers: SlowConsumerPolicy,
        watch: ChannelWatch, events: EventTable,
        makeCell: @escaping @Sendable (JoinRequest) -> AnyChannelCell
    ) {
        self.pattern = pattern
        self.assigns = assigns
        self.intercepts = intercepts
        hasIntercepts = !intercepts.isEmpty
        self.slowConsumers = slowConsumers
        self.watch = watch
        self.events = events
        self.makeCell = makeCell
    }

    func isIntercepted(_ event: String) -> Bool { intercepts.contains(event) }
}

/// A channel type's event handlers.
final class ChannelDefinition<C: Channel>: Sendable {
    let table: EventTable
    private let handlers: [Event<C>.Handler]

    init(_ telemetry: Telemetry) {
        let events = C.events
        handlers = events.map(\.handler)
        table = EventTable(
            names: EventNames(events.map(\.name)),
            timers: events.map { event in
                telemetry.timer(ChannelHandledIn.name, ("channel", "\(C.self)"), ("event", event.name))
            },
            synchronous: events.map(\.handler).map(Self.erased))
    }

    subscript(event: String) -> (index: Int, handler: Event<C>.Handler, timer: Metrics.Timer?)? {
        table.names.index(of: event).map { ($0, handlers[$0], table.timers[$0]) }
    }

    private static func erased(_ handler: Event<C>.Handler) -> EventTable.Synchronous? {
        guard case .sync(let handler) = handler else { return nil }
        return { channel, payload, socket in
            // Never nil: a cell hands in its own channel, and has the table of its own route.
            guard let channel = channel as? C else { throw ChannelError.unhandledEvent }
            return try handler(channel, payload, socket)
        }
    }
}

/// What of a channel's events can be said without its type, so that the way of most messages is no generic code.
final class EventTable: Sendable {
    typealias Synchronous = @Sendable (AnyObject, Payload, ChannelSocket) throws -> Reply

    let names: EventNames
    /// Only events that the server's code names are labels of a metric.
    let timers: [Metrics.Timer?]
    /// The handlers that return what they have to say; nil for the others.
    let synchronous: [Synchronous?]

    init(names: EventNames, timers: [Metrics.Timer?], synchronous: [Synchronous?]) {
        self.names = names
        self.timers = timers
        self.synchronous = synchronous
    }

    func name(at index: Int) -> String? { timers.indices.contains(index) ? names[index] : nil }
}

/// What a channel is made from.
struct JoinRequest {
    let socket: SocketSession
    let route: CompiledRoute
    let topic: String
    let joinRef: Ref
    let ref: Ref
    /// The join refs of the channels that this one replaces, oldest first; their `phx_close` follows this join's reply.
    let replacedJoinRefs: [Ref]
}
