// Firecrest — what all sockets of one mount share.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging
internal import NIOCore
internal import Tracing

/// Made once per mount when the endpoint is made; immutable.
final class SocketDefinition: Sendable {
    let routes: [CompiledRoute]
    let serializers: SerializerChoice
    let options: SocketOptions
    let pubSub: PubSub
    /// Ours for 2.0.0, as a type of its own: most frames are its.
    let v2: V2JSONSerializer
    let logger: Logger
    let telemetry: Telemetry
    private let behavior: SocketBehavior
    private let maxTopicBytes: Int
    private let connects: ResultTimers
    private let refreshes: ResultTimers

    init(
        routes: [CompiledRoute], serializers: SerializerChoice, options: SocketOptions, pubSub: PubSub, logger: Logger,
        behavior: SocketBehavior, maxTopicBytes: Int, telemetry: Telemetry
    ) {
        self.routes = routes
        self.serializers = serializers
        self.options = options
        self.pubSub = pubSub
        v2 = pubSub.serializers.lazy.compactMap { $0 as? V2JSONSerializer }.first ?? V2JSONSerializer()
        self.logger = logger
        self.behavior = behavior
        self.maxTopicBytes = maxTopicBytes
        self.telemetry = telemetry
        connects = ResultTimers(telemetry, SocketConnected.name, ("socket", behavior.name))
        refreshes = ResultTimers(telemetry, SocketRefreshed.name, ("socket", behavior.name))
    }

    /// Asked for each event: takes no copy of the logger.
    func isLogging(_ level: Logger.Level) -> Bool { logger.logLevel <= level }

    /// The name of the user's type.
    var name: String { behavior.name }

    /// `Socket.log`.
    var logLevel: Logger.Level? { behavior.log }

    /// Asks the user's `connect`, then `id`, and tells those who watch.
    ///
    /// - Parameter trace: the one that the request is part of.
    func connect(
        _ params: ConnectParams, _ info: ConnectInfo, serializerIndex: Int?, trace: InstrumentationContext?
    ) async throws -> SocketIdentity {
        let started = NIODeadline.now()
        let span = telemetry.tracer?.connectSpan(name, in: trace)
        let serializer = serializerIndex.map { pubSub.serializers[$0].name }
        let ended = { (result: TelemetryResult) in
            self.connected(started.duration, result, params, info, serializer)
        }
        do {
            var identity = try await span.current { try await ask(params, info) }
            identity.trace = span?.context
            span.end()
            ended(.ok)
            return identity
        } catch let error as ConnectError {
            span.end(error)
            ended(.error)
            throw error
        } catch {
            span.end(error)
            throw error
        }
    }

    private func connected(
        _ duration: Duration, _ result: TelemetryResult, _ params: ConnectParams, _ info: ConnectInfo,
        _ serializer: String?
    ) {
        connects.record(duration, result)
        telemetry.emit(
            SocketConnected(
                duration: duration, endpoint: telemetry.endpoint, transport: info.transport, params: params,
                connectInfo: info, vsn: params.string("vsn") ?? "1.0.0", userSocket: name, log: behavior.log,
                result: result, serializer: serializer))
        guard var level = behavior.log else { return }
        if info.transport == ShortPollOptions.transport { level = min(level, ShortPollOptions.logLevel) }
        guard logger.logLevel <= level else { return }
        logger.log(
            level: level, result == .ok ? "A client connected." : "A client may not connect.",
            metadata: [
                "socket": "\(name)", "duration": "\(duration.forLog)", "transport": "\(info.transport)",
                "serializer": "\(serializer ?? "decided by the first frame")",
                "params": "\(telemetry.filter.text(params))",
            ])
    }

    private func ask(_ params: ConnectParams, _ info: ConnectInfo) async throws -> SocketIdentity {
        try identity(of: try await behavior.connect(params, info))
    }

    private func identity(of assigns: Assigns) throws -> SocketIdentity {
        let id = behavior.id(assigns)
        if let id, id.isEmpty || id.utf8.count > maxTopicBytes {
            logger.warning(
                "A socket's id must have 1 to \(maxTopicBytes) bytes; the client is refused.",
                metadata: ["socket": "\(behavior.name)", "bytes": "\(id.utf8.count)"])
            throw ConnectError.refused
        }
        let grant = behavior.grant(assigns)
        if let grant { try check(grant) }
        return SocketIdentity(assigns: assigns, id: id, grant: grant)
    }

    private func check(_ grant: SocketGrant) throws {
        guard (grant.topics?.count ?? 0) <= SocketGrant.maxTopics else {
            logger.warning(
                "A socket's grant may name at most \(SocketGrant.maxTopics) topics; the client is refused.",
                metadata: ["socket": "\(behavior.name)", "topics": "\(grant.topics?.count ?? 0)"])
            throw ConnectError.refused
        }
        let terms = GrantTerms(grant, leeway: options.grantLeeway, now: .now())
        guard !terms.hasEnded(.now()) else { throw ConnectError.refused(reason: "token_expired") }
    }

    // MARK: fresh tokens

    /// Asks the user's `refresh`, then `id` and `grant`, and tells those who watch.
    ///
    /// - Parameter identity: the client's until now.
    func refresh(
        _ token: String, _ identity: SocketIdentity, transport: String
    ) async throws -> SocketIdentity {
        let started = NIODeadline.now()
        let ended = { (result: TelemetryResult) in
            self.refreshed(started.duration, result, identity, transport)
        }
        do {
            let fresh = try self.identity(of: try await behavior.refresh(token, identity.assigns))
            // Channels that are joined belong to whoever joined them.
            guard fresh.id == identity.id else { throw ConnectError.refused(reason: "the token is another client's") }
            ended(.ok)
            return fresh
        } catch let error as ConnectError {
            ended(.error)
            throw error
        }
    }

    private func refreshed(
        _ duration: Duration, _ result: TelemetryResult, _ identity: SocketIdentity, _ transport: String
    ) {
        refreshes.record(duration, result)
        telemetry.emit(
            SocketRefreshed(
                duration: duration, transport: transport, userSocket: name, socketID: identity.id, result: result))
        guard result == .ok, let level = behavior.log, logger.logLevel <= level else { return }
        logger.log(
            level: level, "A client presented a fresh token.",
            metadata: ["socket": "\(name)", "duration": "\(duration.forLog)", "transport": "\(transport)"])
    }

    /// Topics of our own; no client may join them.
    private static let reservedPrefixes = ["phx:", "phx_presence:", "__"]

    func route(for topic: String) -> CompiledRoute? {
        guard !Self.reservedPrefixes.contains(where: { topic.utf8.starts(with: $0.utf8) }) else { return nil }
        return routes.first { $0.pattern.matches(topic) }
    }
}
