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
    func checked(
        _ endpoint: EndpointOptions, _ serializers: inout SerializerTable, _ telemetry: Telemetry
    ) throws -> EndpointPart {
        guard case .socket(var socket) = kind else { return self }
        try socket.checkOptions()
        socket.routes = try socket.channels().compiled(telemetry)
        socket.origins = try socket.originCheck(endpoint)
        try socket.checkCrossSite(endpoint)
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

    var websocketPath: MountPath { MountPath(path, websocket.path) }

    func checkOptions() throws(OptionError) {
        let check = OptionCheck(owner: "the socket at \(path)")
        if let problem = MountPath.problem(path) { try check.expect(false, "path", problem) }
        try websocket.check(mount: path)
        try options.check(mount: path)
        if let name = websocketPath.repeatedName {
            try check.expect(false, "path", "has two segments named :\(name); connect could see one only", .conflict)
        }
    }

    /// Foreign pages are kept from sessions by one check at least.
    func checkCrossSite(_ endpoint: EndpointOptions) throws(OptionError) {
        guard case .any = (websocket.checkOrigin ?? endpoint.checkOrigin).kind else { return }
        try OptionCheck(owner: "the WebSocket at \(path)").expect(
            websocket.checkCSRF, "checkCSRF",
            "is off where checkOrigin lets every page in; leave one of the two checks on", .conflict)
    }

    func originCheck(_ endpoint: EndpointOptions) throws(OptionError) -> OriginCheck {
        try OriginCheck(
            websocket.checkOrigin ?? endpoint.checkOrigin, host: endpoint.host,
            option: websocket.checkOrigin == nil
                ? "checkOrigin of the endpoint" : "checkOrigin of the WebSocket at \(path)")
    }

    func mounts(
        loops: EndpointLoops, pubSub: PubSub, endpoint: EndpointOptions, telemetry: Telemetry
    ) -> [Mount] {
        let definition = SocketDefinition(
            routes: routes, serializers: serializers, options: options, pubSub: pubSub, logger: endpoint.logger,
            behavior: behavior, maxTopicBytes: endpoint.message.maxTopicBytes, telemetry: telemetry)
        guard websocket.isEnabled, let origins else { return [] }
        return [
            .upgrade(
                SocketMount(
                    path: websocketPath, options: websocket, parameters: websocket.parameters, origins: origins,
                    definition: definition, loops: loops))
        ]
    }
}

/// Mounts a socket type at a path. The WebSocket is then at `path` + `/websocket`.
///
/// One type may be mounted several times with different options; what a mount does not give is as the type says
/// (`Socket.websocket`, `Socket.options`). Segments such as `:room` become connect parameters; duplicate and trailing
/// slashes do not matter. Two mounts of which the first takes every request of the second are an `OptionError` when the
/// endpoint is made.
public func socket<S: Socket>(
    _ path: String, _ type: S.Type, websocket: WebSocketOptions = S.websocket, options: SocketOptions = S.options
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

extension [EndpointPart] {
    /// - Throws: `OptionError` when a part stands in another one's way.
    func checkTogether() throws(OptionError) {
        var mounted: [SocketPart] = []
        var hasRoutes = false
        for part in self {
            switch part.kind {
            case .mount: break
            case .routes:
                let check = OptionCheck(owner: "the endpoint")
                try check.expect(!hasRoutes, "routes", "are given twice; put them into one router", .conflict)
                hasRoutes = true
            case .socket(let socket):
                guard socket.websocket.isEnabled else { continue }
                if let first = mounted.first(where: { $0.websocketPath.covers(socket.websocketPath) }) {
                    try OptionCheck(owner: "the WebSocket at \(socket.path)").expect(
                        false, "path",
                        "is never reached: the mount at \(first.path), which stands before it, takes all its requests; "
                            + "give one of them another path, or put this one first", .conflict)
                }
                mounted.append(socket)
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
