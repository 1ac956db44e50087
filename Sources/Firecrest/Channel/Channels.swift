// Firecrest — the routes from topics to channel types.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
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
/// - Parameter assigns: merged over the connection's assigns for channels of this route.
public func channel<C: Channel>(_ pattern: String, _ type: C.Type, assigns: Assigns = Assigns()) -> ChannelRoute {
    ChannelRoute { telemetry in
        let definition = ChannelDefinition<C>(telemetry)
        return CompiledRoute(
            pattern: try TopicPattern(pattern), assigns: assigns, intercepts: C.intercepts,
            watch: ChannelWatch(C.self, telemetry),
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
    let watch: ChannelWatch
    let makeCell: @Sendable (JoinRequest) -> AnyChannelCell
    private let intercepts: [String]

    init(
        pattern: TopicPattern, assigns: Assigns, intercepts: [String], watch: ChannelWatch,
        makeCell: @escaping @Sendable (JoinRequest) -> AnyChannelCell
    ) {
        self.pattern = pattern
        self.assigns = assigns
        self.intercepts = intercepts
        self.watch = watch
        self.makeCell = makeCell
    }

    func isIntercepted(_ event: String) -> Bool {
        !intercepts.isEmpty && intercepts.contains(event)
    }
}

/// A channel type's event handlers, looked up by name.
struct ChannelDefinition<C: Channel>: Sendable {
    struct Entry: Sendable {
        let handler: Event<C>.Handler
        /// Only events that the server's code names are labels of a metric.
        let timer: Metrics.Timer?
    }

    private let entries: [String: Entry]

    init(_ telemetry: Telemetry) {
        let entries = C.events.map { event in
            let timer = telemetry.timer(
                ChannelHandledIn.name, ("channel", "\(C.self)"), ("event", event.name))
            return (event.name, Entry(handler: event.handler, timer: timer))
        }
        self.entries = Dictionary(entries) { first, _ in first }
    }

    subscript(event: String) -> Entry? { entries[event] }
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
