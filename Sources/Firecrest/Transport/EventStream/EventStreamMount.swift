// Firecrest — a socket mounted at a path for server-sent events.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import NIOCore
internal import NIOHTTP1

/// Answers the event-stream path of one mount: a GET with a topic is a stream of that topic, one without a stream of
/// frames, and a POST brings frames for the latter.
struct EventStreamMount: ExchangeMount {
    let gate: SocketGate
    let options: EventStreamOptions
    let settings: EventStreamSettings
    let limits: MessageLimits
    let directory: SessionDirectory

    var maxBodyBytes: Int { options.maxBodyBytes }

    func claims(path: Substring) -> Bool { gate.claims(path: path) }

    func answer(_ exchange: HTTPExchange, body: ByteBuffer, loop: LoopContext) {
        do throws(Rejection) {
            var params = try gate.params(of: exchange.request)
            gate.log(exchange.request, params)
            try gate.checkOrigin(exchange.request, loop)
            switch exchange.request.head.method {
            case .GET: try begin(exchange, &params, loop)
            case .POST: SessionPost(directory: directory, maxTokenAge: nil).handle(exchange, params, body, loop)
            case .OPTIONS: exchange.respondToPreflight()
            default: throw .methodNotServed
            }
        } catch {
            exchange.refuse(error.http)
        }
    }

    private func begin(
        _ exchange: HTTPExchange, _ params: inout ConnectParams, _ loop: LoopContext
    ) throws(Rejection) {
        // An EventSource that is refused never asks again; one whose stream ends does.
        guard !loop.isDraining else {
            return exchange.respond(.ok, headers: EventStreamSettings.headers, body: settings.retry)
        }
        let request = try TopicRequest(taking: &params, limits: limits)
        var visitor = gate.visitor(exchange.request, params, takesAuthToken: options.takesAuthToken)
        if let request {
            try gate.refuseTerms(params, loop)
            return gate.connect(exchange, visitor, loop, joining: request) { [settings] session, _ in
                _ = TopicStream(exchange, session, settings)
            }
        }
        visitor.serializerIndex = try gate.serializer(for: params, loop)
        gate.connect(exchange, visitor, loop) { session in
            let address = directory.newAddress(on: session.loop)
            let stream = FrameStream(
                session, address: address, token: directory.tokens.sign(address), window: TimeAmount(options.window),
                loop: session.loop)
            exchange.stream(headers: EventStreamSettings.headers, parameters: settings.parameters, session: stream)
        }
    }
}
