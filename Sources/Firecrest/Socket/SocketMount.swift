// Firecrest — a socket mounted at a path: from an upgrade request to a session.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestWire
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Answers the WebSocket path of one mount, in the order of Phoenix's transport: parameters, origin, subprotocol,
/// serializer, the user's `connect`. (The handshake's own rules were checked before.)
struct SocketMount: UpgradeMount {
    let path: MountPath
    let options: WebSocketOptions
    let origins: OriginCheck
    let definition: SocketDefinition
    let loops: EndpointLoops

    func claims(path: Substring) -> Bool { self.path.match(path) != nil }

    func begin(
        _ request: UpgradeRequest, loop: LoopContext, decide: @escaping (UpgradeDecision) -> Void
    ) -> (() -> Void)? {
        do {
            let offer = try negotiate(request, loop)
            return connect(offer, loop, decide)
        } catch {
            decide(.refuse(error))
            return nil
        }
    }

    private struct Offer {
        var params: ConnectParams
        var info: ConnectInfo
        var serializerIndex: Int?
        var headers: HTTPHeaders
        var parameters: WebSocketParameters
    }

    private func negotiate(_ request: UpgradeRequest, _ loop: LoopContext) throws(HTTPRefusal) -> Offer {
        var params: ConnectParams
        do {
            params = try QueryDecoder.decode(request.query)
        } catch {
            throw .badQuery(error)
        }
        for (name, value) in path.match(request.path) ?? [:] { params.values[name] = .string(value) }

        try checkOrigin(request, loop)

        var headers = HTTPHeaders()
        let subprotocol = try SubprotocolChoice(request.head.headers, options: options)
        if let answer = subprotocol.answer { headers.add(name: "sec-websocket-protocol", value: answer) }

        let serializerIndex = try serializer(for: params["vsn"])
        var parameters = options.parameters
        if options.compress,
            let agreement = DeflateNegotiation.agree(
                offers: request.head.headers["sec-websocket-extensions"], options: parameters.deflate)
        {
            headers.add(name: "sec-websocket-extensions", value: agreement.headerValue)
            parameters.agreement = agreement
        }
        return Offer(
            params: params,
            info: ConnectInfo(
                transport: "websocket", remoteAddress: request.remoteAddress?.ipAddress,
                authToken: subprotocol.authToken),
            serializerIndex: serializerIndex, headers: headers, parameters: parameters)
    }

    private func checkOrigin(_ request: UpgradeRequest, _ loop: LoopContext) throws(HTTPRefusal) {
        // A client that names no origin is no browser.
        guard let text = request.head.headers.first(name: "origin"),
            !origins.allows(Origin(text), RequestURI(request))
        else { return }
        loop.statistics.originsRefused += 1
        definition.logger.error(
            "A page of another origin tried to connect; if it is yours, add it to checkOrigin.",
            metadata: ["origin": "\(text.forLog())"])
        throw HTTPRefusal(
            .forbidden, code: "origin_refused", sentence: "Pages of this origin may not connect.", hasBody: false)
    }

    private func serializer(for vsn: ConnectParams.Value?) throws(HTTPRefusal) -> Int? {
        guard let vsn else { return nil }
        guard let text = vsn.string, let version = ProtocolVersion(text),
            let index = definition.serializers.index(for: version)
        else {
            definition.logger.warning(
                "A client asked for a protocol version that is not served.",
                metadata: ["vsn": "\(vsn.string?.forLog(64) ?? "not a string")"])
            throw HTTPRefusal(
                .forbidden, code: "unsupported_vsn", sentence: "This vsn is not served.", hasBody: false)
        }
        return index
    }

    private func connect(
        _ offer: Offer, _ context: LoopContext, _ decide: @escaping (UpgradeDecision) -> Void
    ) -> (() -> Void)? {
        guard let loop = loops.loop(of: context.eventLoop) else { return nil }
        let bound = NIOLoopBound(decide, eventLoop: context.eventLoop)
        let home = NIOLoopBound(loop, eventLoop: context.eventLoop)
        let task = Task.immediate(executorPreference: context.executor) { [definition] in
            do {
                let identity = try await definition.connect(offer.params, offer.info)
                let session = SocketSession(
                    definition: definition, loop: home.value, identity: identity,
                    serializerIndex: offer.serializerIndex)
                bound.value(.accept(headers: offer.headers, parameters: offer.parameters, session: session))
            } catch let error as ConnectError {
                if case .refused(let reason) = error, !reason.isEmpty {
                    definition.logger.info("connect refused a client.", metadata: ["reason": "\(reason)"])
                }
                bound.value(
                    .refuse(
                        HTTPRefusal(
                            .forbidden, code: "connect_refused", sentence: "This client may not connect.",
                            hasBody: false)))
            } catch {
                definition.logger.error("connect threw.", metadata: ["error": "\(error)"])
                bound.value(
                    .refuse(
                        HTTPRefusal(
                            .internalServerError, code: "connect_failed", sentence: "connect failed.",
                            hasBody: false)))
            }
        }
        return { task.cancel() }
    }
}

extension HTTPRefusal {
    static func badQuery(_ failure: QueryDecoder.Failure) -> HTTPRefusal {
        switch failure.code {
        case .invalidEncoding:
            HTTPRefusal(
                .badRequest, code: "bad_query", sentence: "The query string is not percent-encoded UTF-8.")
        case .tooLong, .tooMany:
            HTTPRefusal(.uriTooLong, code: "query_too_long", sentence: "The query string has too many parameters.")
        }
    }
}
