// Firecrest — a socket mounted at a path for short polling.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import NIOCore
internal import NIOHTTP1

/// Answers the polls of one mount. Each connects and joins as any socket does, so that nobody reads what it may not (any
/// more); then what the topic's loop remembers is the answer.
struct ShortPollMount: ExchangeMount {
    let gate: SocketGate
    let options: ShortPollOptions
    let limits: MessageLimits

    /// A GET has none.
    var maxBodyBytes: Int { 0 }

    func claims(path: Substring) -> Bool { gate.claims(path: path) }

    func answer(_ exchange: HTTPExchange, body: ByteBuffer, loop: LoopContext) {
        do throws(Rejection) {
            var params = try gate.params(of: exchange.request)
            gate.log(exchange.request, params)
            try gate.checkOrigin(exchange.request, loop)
            switch exchange.request.head.method {
            case .GET: try poll(exchange, &params, loop)
            case .OPTIONS: exchange.respondToPreflight()
            default: throw .methodNotServed
            }
        } catch {
            exchange.refuse(error.http)
        }
    }

    private func poll(
        _ exchange: HTTPExchange, _ params: inout ConnectParams, _ loop: LoopContext
    ) throws(Rejection) {
        let cursor = Self.cursor(params.values.removeValue(forKey: "after"))
        guard let request = try TopicRequest(taking: &params, limits: limits) else { throw .noTopic }
        try gate.refuseTerms(params, loop)
        let visitor = gate.visitor(exchange.request, params, takesAuthToken: options.takesAuthToken)
        gate.connect(exchange, visitor, loop, joining: request) { session, route in
            let question = RecentQuestion(
                topic: request.topic, cursor: cursor, scope: ObjectIdentifier(gate.definition), limits: options.limits,
                maxTopics: options.maxTopics, patience: TimeAmount(options.memory),
                // What a channel changes for each client is nobody else's.
                keeps: { [route] in !route.isIntercepted($0) })
            _ = ShortPoll(exchange, session, question, self)
        }
    }

    private static func cursor(_ after: ConnectParams.Value?) -> RecentCursor {
        guard let after else { return .now }
        return after.string.flatMap { LastEventID($0) }.map { .after($0.broadcastID) } ?? .unknown
    }
}
