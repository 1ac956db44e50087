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
        case mount(any UpgradeMount)
    }

    let kind: Kind

    /// - Throws: `TopicPatternError` for a channel route that cannot work, `OptionError` for a wrong option.
    func checked(_ endpoint: EndpointOptions, _ serializers: inout SerializerTable) throws -> EndpointPart {
        guard case .socket(var socket) = kind else { return self }
        socket.routes = try socket.channels().compiled()
        socket.origins = try socket.originCheck(endpoint)
        socket.serializers = try serializers.choice(socket.options.serializers, mount: socket.path)
        return EndpointPart(kind: .socket(socket))
    }
}

/// A socket type with its path and options, before the endpoint exists that it belongs to.
struct SocketPart: Sendable {
    let path: String
    let websocket: WebSocketOptions
    let options: SocketOptions
    let channels: @Sendable () -> Channels
    /// Set by `EndpointPart.checked`, as are routes and serializers.
    var origins: OriginCheck?
    var routes: [CompiledRoute] = []
    var serializers = SerializerChoice(entries: [])
    let behavior: SocketBehavior

    func originCheck(_ endpoint: EndpointOptions) throws(OptionError) -> OriginCheck {
        try OriginCheck(
            websocket.checkOrigin ?? endpoint.checkOrigin, host: endpoint.host,
            option: websocket.checkOrigin == nil
                ? "checkOrigin of the endpoint" : "checkOrigin of the WebSocket at \(path)")
    }

    func mounts(loops: EndpointLoops, pubSub: PubSub, logger: Logger, maxTopicBytes: Int) -> [any UpgradeMount] {
        let definition = SocketDefinition(
            routes: routes, serializers: serializers, options: options, pubSub: pubSub, logger: logger,
            behavior: behavior, maxTopicBytes: maxTopicBytes)
        guard websocket.isEnabled, let origins else { return [] }
        return [
            SocketMount(
                path: MountPath(path, websocket.path), options: websocket, origins: origins, definition: definition,
                loops: loops)
        ]
    }
}

/// Mounts a socket type at a path. The WebSocket is then at `path` + `/websocket`.
///
/// One type may be mounted several times with different options. Segments such as `:room` become connect parameters.
public func socket<S: Socket>(
    _ path: String, _ type: S.Type, websocket: WebSocketOptions = true, options: SocketOptions = SocketOptions()
) -> EndpointPart {
    EndpointPart(
        kind: .socket(
            SocketPart(
                path: path, websocket: websocket, options: options, channels: { S.channels },
                behavior: SocketBehavior(S.self))))
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
    EndpointPart(kind: .mount(mount))
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
