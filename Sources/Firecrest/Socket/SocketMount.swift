// Firecrest — a socket mounted at a path: from an upgrade request to a session.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Answers the WebSocket path of one mount. What it adds to the gate: subprotocols, compression, and refusals that are
/// told on accepted connections. (The handshake's own rules were checked before.)
struct SocketMount: UpgradeMount {
    let gate: SocketGate
    let options: WebSocketOptions
    /// The options' part for connections, shared by all of them.
    let parameters: WebSocketParameters

    private var definition: SocketDefinition { gate.definition }

    func claims(path: Substring) -> Bool { gate.claims(path: path) }

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
        return gate.connect(offer.visitor, loop) { [offer] in decide(decision(after: $0, offer, loop)) }
    }

    // MARK: before connect

    /// What is known about a connection that may come to be.
    private struct Offer {
        var visitor = SocketGate.Visitor(info: ConnectInfo(transport: "websocket"))
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
        offer.visitor.params = try gate.params(of: request)
        gate.log(request, offer.visitor.params)
        try gate.checkOrigin(request, loop)

        let subprotocol = SubprotocolChoice(request.head.headers, options: options)
        offer.subprotocol = subprotocol.answer
        switch subprotocol.problem {
        case .badToken: throw .badAuthToken(hasAnswer: subprotocol.answer != nil)
        case .noneInCommon: throw .noCommonSubprotocol
        case nil: break
        }
        offer.visitor.info = ConnectInfo(
            request, transport: gate.transport, keys: options.connectInfo, authToken: subprotocol.authToken,
            subprotocols: subprotocol.line)
        offer.visitor.info.session = gate.session(of: request, offer.visitor.params)
        offer.visitor.serializerIndex = try gate.serializer(
            for: offer.visitor.params, carriesTerms: true, loop)
        offer.visitor.trace = gate.trace(of: request)
        if options.compress.isEnabled,
            let agreement = DeflateNegotiation.agree(
                offers: request.head.headers["sec-websocket-extensions"], options: offer.parameters.deflate)
        {
            offer.extensions = agreement.headerValue
            offer.parameters = offer.parameters.agreeing(to: agreement)
        }
    }

    // MARK: after connect

    private func decision(
        after connect: Result<SocketIdentity, SocketGate.Refusal>, _ offer: Offer, _ loop: LoopContext
    ) -> UpgradeDecision {
        switch connect {
        case .success(let identity):
            guard let session = gate.session(identity, serializerIndex: offer.visitor.serializerIndex, on: loop)
            else { return refuse(.connectFailed, offer) }
            return .accept(headers: offer.headers, parameters: offer.parameters, session: session)
        case .failure(.explained(let reason)): return refuse(explained(reason, offer), offer)
        case .failure(let refusal): return refuse(Rejection(refusal), offer)
        }
    }

    /// A refusal with a reason of the user's: the mount's error handler may make the answer.
    private func explained(_ reason: any Sendable, _ offer: Offer) -> Rejection {
        var rejection = Rejection.connectRefused
        if options.refusal.closeCode == nil, let errorHandler = options.errorHandler {
            let answer = errorHandler(
                ConnectRefusal(reason: reason, params: offer.visitor.params, info: offer.visitor.info))
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
        let asked = offer.visitor.params["vsn"]
        // Without a version the client speaks 1.0.0 until its first frame says otherwise.
        let index =
            asked?.string.flatMap { ProtocolVersion($0) }.flatMap { choice.index(for: $0) }
            ?? choice.index(firstByte: asked == nil ? UInt8(ascii: "{") : nil) ?? choice.entries.first?.index ?? 0
        return definition.pubSub.serializers[index]
    }
}
