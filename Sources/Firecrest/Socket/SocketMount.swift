// Firecrest — a socket mounted at a path: from an upgrade request to a session.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Tracing

/// Answers the WebSocket path of one mount, in the order of Phoenix's transport: parameters, log, origin, auth token and
/// subprotocol, `connect_info`, serializer, the user's `connect`. (The handshake's own rules were checked before.)
struct SocketMount: UpgradeMount {
    let path: MountPath
    let options: WebSocketOptions
    /// The options' part for connections, shared by all of them.
    let parameters: WebSocketParameters
    let origins: OriginCheck
    let definition: SocketDefinition
    let loops: EndpointLoops

    func claims(path: Substring) -> Bool { self.path.match(path) != nil }

    func begin(
        _ request: MountRequest, loop: LoopContext, decide: @escaping (UpgradeDecision) -> Void
    ) -> (() -> Void)? {
        var offer = Offer(parameters: parameters)
        do throws(Rejection) {
            try negotiate(request, &offer, loop)
        } catch {
            decide(refuse(error, offer))
            return nil
        }
        return ConnectAttempt.start(
            on: loop, limit: options.connectTimeout.map { TimeAmount($0) },
            { [definition, offer] in
                try await definition.connect(
                    offer.params, offer.info, serializerIndex: offer.serializerIndex, trace: offer.trace)
            },
            onEnd: { decide(decision(after: $0, offer, loop)) })
    }

    // MARK: before connect

    /// What is known about a connection that may come to be.
    private struct Offer {
        var params = ConnectParams()
        var info = ConnectInfo(transport: "websocket")
        var serializerIndex: Int?
        /// nil where nobody traces.
        var trace: InstrumentationContext?
        /// nil: none was offered, or none is answered.
        var subprotocol: String?
        /// The answer about compression.
        var extensions: String?
        var parameters: WebSocketParameters

        var headers: HTTPHeaders {
            var headers = HTTPHeaders()
            if let subprotocol { headers.add(name: "sec-websocket-protocol", value: subprotocol) }
            if let extensions { headers.add(name: "sec-websocket-extensions", value: extensions) }
            return headers
        }
    }

    /// Fills `offer` as far as it gets: what is there already is used by a refusal.
    private func negotiate(
        _ request: MountRequest, _ offer: inout Offer, _ loop: LoopContext
    ) throws(Rejection) {
        do {
            offer.params = try QueryDecoder.decode(request.query)
        } catch {
            throw .badQuery(error)
        }
        for (name, value) in path.match(request.path) ?? [:] { offer.params.values[name] = .string(value) }
        log(request, offer.params)
        try checkOrigin(request, loop)

        let subprotocol = SubprotocolChoice(request.head.headers, options: options)
        offer.subprotocol = subprotocol.answer
        switch subprotocol.problem {
        case .badToken: throw .badAuthToken(hasAnswer: subprotocol.answer != nil)
        case .noneInCommon: throw .noCommonSubprotocol
        case nil: break
        }
        offer.info = ConnectInfo(
            request, keys: options.connectInfo, authToken: subprotocol.authToken, subprotocols: subprotocol.line)
        offer.serializerIndex = try serializer(for: offer.params["vsn"], loop)
        offer.trace = definition.telemetry.tracer?.context(of: request.head.headers)
        if options.compress.isEnabled,
            let agreement = DeflateNegotiation.agree(
                offers: request.head.headers["sec-websocket-extensions"], options: offer.parameters.deflate)
        {
            offer.extensions = agreement.headerValue
            offer.parameters = offer.parameters.agreeing(to: agreement)
        }
    }

    /// The query stays out: it may hold tokens and passwords.
    private func log(_ request: MountRequest, _ params: ConnectParams) {
        guard let level = options.transportLog else { return }
        definition.logger.log(
            level: level, "A client asks for a WebSocket.",
            metadata: [
                "method": "\(request.head.method.rawValue)", "path": "\(request.path.forLog())",
                "vsn": "\(params.string("vsn")?.forLog(64) ?? "none")",
            ])
    }

    private func checkOrigin(_ request: MountRequest, _ loop: LoopContext) throws(Rejection) {
        // A client that names no origin is no browser.
        guard let text = request.head.headers.first(name: "origin"),
            !origins.allows(Origin(text), RequestURI(request))
        else { return }
        loop.statistics.originsRefused += 1
        loop.log(
            .originRefused, .error, to: definition.logger,
            "A page of another origin tried to connect; if it is yours, add it to checkOrigin.",
            metadata: ["origin": "\(text.forLog())"])
        throw .originRefused
    }

    private func serializer(for vsn: ConnectParams.Value?, _ loop: LoopContext) throws(Rejection) -> Int? {
        guard let vsn else { return nil }
        guard let text = vsn.string, let version = ProtocolVersion(text),
            let index = definition.serializers.index(for: version)
        else {
            loop.log(
                .versionRefused, .warning, to: definition.logger,
                "A client asked for a protocol version that is not served.",
                metadata: ["vsn": "\(vsn.string?.forLog(64) ?? "not a string")"])
            throw .unsupportedVersion
        }
        return index
    }

    // MARK: after connect

    private func decision(
        after connect: Result<SocketIdentity, any Error>, _ offer: Offer, _ context: LoopContext
    ) -> UpgradeDecision {
        switch connect {
        case .success(let identity):
            guard let loop = loops.loop(of: context.eventLoop) else { return refuse(.connectFailed, offer) }
            let session = SocketSession(
                definition: definition, loop: loop, identity: identity, serializerIndex: offer.serializerIndex)
            return .accept(headers: offer.headers, parameters: offer.parameters, session: session)
        case .failure(let error as ConnectError):
            guard let reason = error.reason else { return refuse(.connectRefused, offer) }
            context.log(
                .connectRefused, .info, to: definition.logger, "connect refused a client.",
                metadata: ["reason": "\("\(reason)".forLog())"])
            return refuse(explained(reason, offer), offer)
        case .failure(is ConnectAttempt.Timeout):
            context.log(
                .connectFailed, .error, to: definition.logger,
                "connect took too long and was cancelled.",
                metadata: ["limit": "\(options.connectTimeout.map { "\($0)" } ?? "none")"])
            return refuse(.connectTimeout, offer)
        case .failure(let error):
            context.log(
                .connectFailed, .error, to: definition.logger, "connect threw.", metadata: ["error": "\(error)"])
            return refuse(.connectFailed, offer)
        }
    }

    /// A refusal with a reason of the user's: the mount's error handler may make the answer.
    private func explained(_ reason: any Sendable, _ offer: Offer) -> Rejection {
        var rejection = Rejection.connectRefused
        if options.refusal.closeCode == nil, let errorHandler = options.errorHandler {
            let answer = errorHandler(ConnectRefusal(reason: reason, params: offer.params, info: offer.info))
            guard answer.isSendable else {
                definition.logger.error(
                    "errorHandler gave a status that cannot end a refused upgrade; 403 is sent.",
                    metadata: ["status": "\(answer.status)"])
                return rejection
            }
            return Rejection(answer.refusal)
        }
        rejection.reason = "\(reason)"
        return rejection
    }

    // MARK: refusals

    /// Over HTTP, or on a connection that is accepted for it.
    private func refuse(_ rejection: Rejection, _ offer: Offer) -> UpgradeDecision {
        guard let chosen = options.refusal.closeCode, let reason = rejection.reason else {
            return .refuse(rejection.http)
        }
        var plain = offer
        plain.extensions = nil
        plain.parameters = parameters
        return .accept(
            headers: plain.headers, parameters: plain.parameters,
            session: FarewellSession(
                code: rejection.http.code, reason: reason, closeCode: rejection.closeCode ?? chosen,
                serializer: farewellSerializer(offer)))
    }

    private func farewellSerializer(_ offer: Offer) -> any Serializer {
        let choice = definition.serializers
        let asked = offer.params["vsn"]
        // Without a version the client speaks 1.0.0 until its first frame says otherwise.
        let index =
            asked?.string.flatMap { ProtocolVersion($0) }.flatMap { choice.index(for: $0) }
            ?? choice.index(firstByte: asked == nil ? UInt8(ascii: "{") : nil) ?? choice.entries.first?.index ?? 0
        return definition.pubSub.serializers[index]
    }
}
