// Firecrest — the parts an endpoint is written from: `socket(…)` and `routes(…)`.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging
public import Hummingbird

/// One part of an endpoint.
public struct EndpointPart: Sendable {
    enum Kind: Sendable {
        case socket(SocketPart)
        case routes(RouteResponder)
        case mount(Mount)
    }

    let kind: Kind

    /// - Throws: `TopicPatternError` for a channel route that cannot work, `OptionError` for a wrong option.
    func checked(
        _ endpoint: EndpointOptions, _ serializers: inout SerializerTable, _ telemetry: Telemetry
    ) throws -> EndpointPart {
        guard case .socket(var socket) = kind else { return self }
        try socket.check(endpoint)
        socket.routes = try socket.channels().compiled(telemetry)
        socket.serializers = try serializers.choice(socket.options.serializers, mount: socket.path)
        return EndpointPart(kind: .socket(socket))
    }
}

/// Mounts a socket type at a path. The WebSocket is then at `path` + `/websocket`, long poll at `path` + `/longpoll`, event
/// streams at `path` + `/sse` and short polls at `path` + `/poll`.
///
/// One type may be mounted several times with different options; what a mount does not give is as the type says
/// (`Socket.websocket`, `Socket.longpoll`, `Socket.sse`, `Socket.shortpoll`, `Socket.drainer`, `Socket.options`). Segments such as `:room`
/// become connect parameters; duplicate and trailing slashes do not matter. Two mounts of which the first takes every
/// request of the second are an `OptionError` when the endpoint is made.
public func socket<S: Socket>(
    _ path: String, _ type: S.Type, websocket: WebSocketOptions = S.websocket,
    longpoll: LongPollOptions = S.longpoll, sse: EventStreamOptions = S.sse,
    shortpoll: ShortPollOptions = S.shortpoll, drainer: DrainOptions = S.drainer, options: SocketOptions = S.options
) -> EndpointPart {
    EndpointPart(
        kind: .socket(
            SocketPart(
                path: path, websocket: websocket, longpoll: longpoll, sse: sse, shortpoll: shortpoll,
                drainer: drainer, options: options, channels: { S.channels }, behavior: SocketBehavior(S.self))))
}

/// Serves every other request with a Hummingbird router: REST routes, middleware, static files.
///
/// Requests for a socket's path never reach it. When a client goes away, the task of its request is cancelled; do not use
/// `body.consumeWithCancellationOnInboundClose`, which needs Hummingbird's own server.
public func routes<Context: RequestContext>(_ router: Router<Context>) -> EndpointPart
where Context.Source == ApplicationRequestContextSource {
    EndpointPart(kind: .routes(RouteResponder(router.buildResponder())))
}

/// A mount of another kind.
package func mount(_ mount: any UpgradeMount) -> EndpointPart {
    EndpointPart(kind: .mount(.upgrade(mount)))
}

package func mount(_ mount: any ExchangeMount) -> EndpointPart {
    EndpointPart(kind: .mount(.exchange(mount)))
}

extension [EndpointPart] {
    /// - Throws: `OptionError` when a part stands in another one's way.
    func checkTogether() throws(OptionError) {
        var mounted: [(path: String, way: SocketPart.Way)] = []
        var hasRoutes = false
        for part in self {
            switch part.kind {
            case .mount: break
            case .routes:
                let check = OptionCheck(owner: "the endpoint")
                try check.expect(!hasRoutes, "routes", "are given twice; put them into one router", .conflict)
                hasRoutes = true
            case .socket(let socket):
                for way in socket.ways {
                    if let first = mounted.first(where: { $0.way.path.covers(way.path) }) {
                        try OptionCheck(owner: way.owner).expect(
                            false, "path",
                            "is never reached: the mount at \(first.path), which stands before it, takes all its "
                                + "requests; give one of them another path, or put this one first", .conflict)
                    }
                    mounted.append((socket.path, way))
                }
            }
        }
    }
}

@resultBuilder
public enum EndpointBuilder {
    public static func buildExpression(_ part: EndpointPart) -> [EndpointPart] { [part] }
    public static func buildBlock(_ parts: [EndpointPart]...) -> [EndpointPart] { parts.flatMap(\.self) }
    public static func buildOptional(_ parts: [EndpointPart]?) -> [EndpointPart] { parts ?? [] }
    public static func buildEither(first parts: [EndpointPart]) -> [EndpointPart] { parts }
    public static func buildEither(second parts: [EndpointPart]) -> [EndpointPart] { parts }
    public static func buildArray(_ parts: [[EndpointPart]]) -> [EndpointPart] { parts.flatMap(\.self) }
}
