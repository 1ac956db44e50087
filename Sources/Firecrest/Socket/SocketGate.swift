// Firecrest — what every transport asks before a socket begins: parameters, origin, serializer, connect.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Tracing

/// The part of a mount that does not depend on the transport, in the order of Phoenix's transports: parameters, log,
/// origin, (auth token,) `connect_info`, serializer, the user's `connect`.
struct SocketGate: Sendable {
    let path: MountPath
    /// As `ConnectInfo.transport` and logs say it.
    let transport: String
    let connectInfo: [ConnectInfoKey]
    let connectTimeout: Duration?
    let transportLog: Logger.Level?
    let origins: OriginCheck
    /// nil where no session is asked for.
    let session: SessionCookies?
    let checksCSRF: Bool
    let definition: SocketDefinition
    let loops: EndpointLoops

    func claims(path: Substring) -> Bool { self.path.match(path) != nil }

    /// A client that asks for a socket, as far as it is known.
    struct Visitor {
        var params = ConnectParams()
        var info: ConnectInfo
        /// nil: the first frame decides.
        var serializerIndex: Int?
        /// nil where nobody traces.
        var trace: InstrumentationContext?
    }

    // MARK: before connect

    /// The query's parameters and the path's, which win.
    func params(of request: MountRequest) throws(Rejection) -> ConnectParams {
        var params: ConnectParams
        do {
            params = try QueryDecoder.decode(request.query)
        } catch {
            throw .badQuery(error)
        }
        for (name, value) in path.match(request.path) ?? [:] { params.values[name] = .string(value) }
        return params
    }

    /// The query stays out: it may hold tokens and passwords.
    func log(_ request: MountRequest, _ params: ConnectParams) {
        guard let level = transportLog else { return }
        definition.logger.log(
            level: level, "A client asks for a socket.",
            metadata: [
                "transport": "\(transport)", "method": "\(request.head.method.rawValue)",
                "path": "\(request.path.forLog())", "vsn": "\(params.string("vsn")?.forLog(64) ?? "none")",
            ])
    }

    func checkOrigin(_ request: MountRequest, _ loop: LoopContext) throws(Rejection) {
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

    /// The serializer that a client asks for; nil where it leaves that to its first frame.
    ///
    /// - Parameter carriesTerms: the transport has frames for bytes, so that it can carry terms.
    func serializer(
        for params: ConnectParams, carriesTerms: Bool = false, _ loop: LoopContext
    ) throws(Rejection) -> Int? {
        let vsn = params["vsn"]
        if definition.serializers.hasTerms, params.string("encoding") == "etf" {
            guard carriesTerms else { throw refuse(vsn, .termsNeedWebSocket, loop) }
            return SerializerTable.etf
        }
        guard let vsn else { return nil }
        guard let text = vsn.string, let version = ProtocolVersion(text),
            let index = definition.serializers.index(for: version)
        else { throw refuse(vsn, .unsupportedVersion, loop) }
        guard carriesTerms || index != SerializerTable.etf else { throw refuse(vsn, .termsNeedWebSocket, loop) }
        return index
    }

    private func refuse(_ vsn: ConnectParams.Value?, _ rejection: Rejection, _ loop: LoopContext) -> Rejection {
        loop.log(
            .versionRefused, .warning, to: definition.logger,
            "A client asked for a protocol version that is not served.",
            metadata: [
                "vsn": "\(vsn.map { $0.string?.forLog(64) ?? "not a string" } ?? "none")",
                "reason": "\(rejection.http.sentence)",
            ])
        return rejection
    }

    /// Refuses a client that asks for terms on a transport that does not ask it for a version.
    func refuseTerms(_ params: ConnectParams, _ loop: LoopContext) throws(Rejection) {
        let vsn = params["vsn"]
        let asksByVersion =
            vsn?.string.flatMap { ProtocolVersion($0) }.flatMap(definition.serializers.index(for:))
            == SerializerTable.etf
        if asksByVersion || (definition.serializers.hasTerms && params.string("encoding") == "etf") {
            throw refuse(vsn, .termsNeedWebSocket, loop)
        }
    }

    /// The session that the client's cookie holds, when the client can show that it is its own.
    func session(of request: MountRequest, _ params: ConnectParams) -> Session? {
        session?.read(
            cookies: request.head.headers["cookie"], csrfToken: params.string("_csrf_token"), checksCSRF: checksCSRF)
    }

    func trace(of request: MountRequest) -> InstrumentationContext? {
        definition.telemetry.tracer?.context(of: request.head.headers)
    }

    // MARK: connect

    /// Why no socket begins.
    enum Refusal: Error {
        case refused
        /// With the reason that the user's code gave.
        case explained(any Sendable)
        case timeout
        case failed
    }

    /// Asks the user's `connect`. `onEnd` is called once, on the loop, unless what is returned was called before.
    func connect(
        _ visitor: Visitor, _ loop: LoopContext, onEnd: @escaping (Result<SocketIdentity, Refusal>) -> Void
    ) -> () -> Void {
        ConnectAttempt.start(
            on: loop, (definition.name, "connect"), limit: connectTimeout.map { TimeAmount($0) },
            { [definition] in
                try await definition.connect(
                    visitor.params, visitor.info, serializerIndex: visitor.serializerIndex, trace: visitor.trace)
            },
            onEnd: { onEnd($0.mapError { refusal(for: $0, loop) }) })
    }

    private func refusal(for error: any Error, _ loop: LoopContext) -> Refusal {
        switch error {
        case let error as ConnectError:
            guard let reason = error.reason else { return .refused }
            loop.log(
                .connectRefused, .info, to: definition.logger, "connect refused a client.",
                metadata: ["reason": "\(error.loggedReason ?? "")"])
            return .explained(reason)
        case is ConnectAttempt.Timeout:
            loop.log(
                .connectFailed, .error, to: definition.logger, "connect took too long and was cancelled.",
                metadata: ["limit": "\(connectTimeout.map { "\($0)" } ?? "none")"])
            return .timeout
        default:
            loop.log(
                .connectFailed, .error, to: definition.logger, "connect threw.", metadata: ["error": "\(error)"])
            return .failed
        }
    }

    /// The socket of a client that `connect` let in. Called on its home loop; nil only while the endpoint goes.
    func session(_ identity: SocketIdentity, serializerIndex: Int?, on loop: LoopContext) -> SocketSession? {
        loops.loop(of: loop.eventLoop).map {
            SocketSession(definition: definition, loop: $0, identity: identity, serializerIndex: serializerIndex)
        }
    }
}

extension Rejection {
    init(_ refusal: SocketGate.Refusal) {
        switch refusal {
        case .refused, .explained: self = .connectRefused
        case .timeout: self = .connectTimeout
        case .failed: self = .connectFailed
        }
    }
}
