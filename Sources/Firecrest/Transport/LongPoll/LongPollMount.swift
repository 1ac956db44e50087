// Firecrest — long polling: Phoenix's transport over plain requests.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Answers the long-poll path of one mount as Phoenix does: what happened stands as `status` in a JSON body, and the HTTP
/// status is 200.
///
/// A GET opens a session or takes its messages, a POST brings messages to it, OPTIONS answers browsers that ask first.
struct LongPollMount: ExchangeMount {
    let gate: SocketGate
    let options: LongPollOptions
    let directory: SessionDirectory

    var maxBodyBytes: Int { options.maxBodyBytes }

    func claims(path: Substring) -> Bool { gate.claims(path: path) }

    func answer(_ exchange: HTTPExchange, body: ByteBuffer, loop: LoopContext) {
        let request = exchange.request
        do throws(Rejection) {
            let params = try gate.params(of: request)
            gate.log(request, params)
            try gate.checkOrigin(request, loop)
            switch request.head.method {
            case .OPTIONS: exchange.respondToPreflight()
            case .GET: get(exchange, params, loop)
            case .POST: post(exchange, params, body, loop)
            default: exchange.refuse(.longPollMethod)
            }
        } catch {
            refuse(exchange, error)
        }
    }

    private func refuse(_ exchange: HTTPExchange, _ rejection: Rejection) {
        switch rejection.http.status {
        case .forbidden: exchange.respond(LongPollBody.status(403))
        // The query could not be read, so that nobody knows who asks.
        case .badRequest, .uriTooLong: exchange.refuse(rejection.http)
        default: exchange.respond(LongPollBody.status(500))
        }
    }

    // MARK: GET

    private func get(_ exchange: HTTPExchange, _ params: ConnectParams, _ loop: LoopContext) {
        guard let token = SessionToken(exchange.request, params),
            let address = directory.tokens.verify(token.text, maxAge: options.maxTokenAge, now: SessionTokens.now)
        else { return open(exchange, params, loop) }
        let acknowledged = params.string("_ack").flatMap { Int($0) }
        let ticket = LocalPoll(exchange, token: token.text, address: address, directory: directory, on: loop) {
            // Whoever had a session and has none any more begins a new one.
            open($0, params, loop)
        }
        directory.poll(address, acknowledged: acknowledged, by: ticket)
    }

    /// Phoenix: 410 and a token. "The session is gone" and "here is your session" are the same answer.
    private func open(_ exchange: HTTPExchange, _ params: ConnectParams, _ loop: LoopContext) {
        guard !loop.isDraining else { return exchange.refuse(.draining) }
        var visitor = gate.visitor(exchange.request, params, takesAuthToken: options.takesAuthToken)
        do throws(Rejection) {
            visitor.serializerIndex = try gate.serializer(for: params, loop)
        } catch {
            return refuse(exchange, error)
        }
        exchange.onGone = gate.connect(visitor, loop) { result in
            exchange.onGone = nil
            switch result {
            case .success(let identity): begin(identity, visitor, exchange, loop)
            case .failure(let refusal): refuse(exchange, Rejection(refusal))
            }
        }
    }

    private func begin(
        _ identity: SocketIdentity, _ visitor: SocketGate.Visitor, _ exchange: HTTPExchange, _ context: LoopContext
    ) {
        guard !context.isDraining else { return exchange.refuse(.draining) }
        guard let loop = gate.loops.loop(of: context.eventLoop),
            let socket = gate.session(identity, serializerIndex: visitor.serializerIndex, on: context)
        else { return exchange.respond(LongPollBody.status(500)) }
        guard context.statistics.longPollSessionsOpen < options.maxSessions else {
            context.log(
                .tooManySessions, .error, to: gate.definition.logger,
                "A client asked for a session, and there are as many as there may be.",
                metadata: ["limit": "\(options.maxSessions)"])
            return exchange.refuse(.tooManySessions)
        }
        let session = LongPollSession(
            socket, address: directory.newAddress(on: loop), options: options, loop: loop)
        session.begin()
        exchange.respond(LongPollBody.opened(token: directory.tokens.sign(session.address)))
    }

    // MARK: POST

    private func post(_ exchange: HTTPExchange, _ params: ConnectParams, _ body: ByteBuffer, _ loop: LoopContext) {
        SessionPost(directory: directory, maxTokenAge: options.maxTokenAge).handle(exchange, params, body, loop)
    }
}

/// The token of a session as a client sends it: in the header since Phoenix 1.9, in the query before; the header wins.
struct SessionToken {
    let text: String

    init?(_ request: MountRequest, _ params: ConnectParams) {
        guard let text = request.head.headers.first(name: "x-phoenix-longpoll-token") ?? params.string("token"),
            !text.isEmpty
        else { return nil }
        self.text = text
    }
}

extension HTTPRefusal {
    static let longPollMethod = HTTPRefusal(
        .badRequest, code: "method_not_served", sentence: "GET, POST and OPTIONS are served here.", hasBody: false)
    static let tooManySessions = HTTPRefusal(
        .serviceUnavailable, code: "too_many_sessions",
        sentence: "The server holds as many sessions as it may; try again later.", headers: ["retry-after": "5"])
}
