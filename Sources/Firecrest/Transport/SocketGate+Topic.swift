// Firecrest — the way from a request that names a topic to a socket that joins it.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import Logging
internal import NIOCore
internal import NIOHTTP1

extension SocketGate {
    /// What a request without a handshake says of its client.
    func visitor(_ request: MountRequest, _ params: ConnectParams, takesAuthToken: Bool) -> Visitor {
        var info = ConnectInfo(
            request, transport: transport, keys: connectInfo,
            authToken: takesAuthToken ? request.head.headers.first(name: "x-phoenix-authtoken") : nil)
        info.session = session(of: request, params)
        return Visitor(params: params, info: info, trace: trace(of: request))
    }

    /// Asks `connect`, refuses the exchange when it says no, and calls `body` with the socket when it says yes. A client
    /// that goes away meanwhile ends it.
    func connect(
        _ exchange: HTTPExchange, _ visitor: Visitor, _ loop: LoopContext, _ body: @escaping (SocketSession) -> Void
    ) {
        guard !loop.isDraining else { return exchange.refuse(.draining) }
        var hasEnded = false
        let cancel = connect(visitor, loop) { result in
            hasEnded = true
            exchange.onGone = nil
            switch result {
            case .failure(let refusal): exchange.refuse(Rejection(refusal).http)
            case .success where loop.isDraining: exchange.refuse(.draining)
            case .success(let identity):
                guard let session = session(identity, serializerIndex: visitor.serializerIndex, on: loop) else {
                    return exchange.refuse(Rejection.connectFailed.http)
                }
                body(session)
            }
        }
        // A `connect` that does not wait has ended by now, and somebody else may have set it.
        if !hasEnded { exchange.onGone = cancel }
    }

    /// The same for a socket of one topic, which some channel must take. `start` gives the socket its transport.
    func connect(
        _ exchange: HTTPExchange, _ visitor: Visitor, _ loop: LoopContext, joining request: TopicRequest,
        start: @escaping (SocketSession, CompiledRoute) -> Void
    ) {
        var visitor = visitor
        visitor.serializerIndex = SerializerTable.eventStream
        connect(exchange, visitor, loop) { session in
            guard let route = definition.route(for: request.topic) else {
                loop.log(
                    .topicUnmatched, .warning, to: definition.logger,
                    "A client asked for a topic that no channel takes.",
                    metadata: ["topic": "\(request.topic.forLog())"])
                return exchange.refuse(Rejection.unmatchedTopic.http)
            }
            start(session, route)
            session.join(request)
        }
    }
}
