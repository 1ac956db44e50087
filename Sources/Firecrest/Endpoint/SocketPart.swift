// Firecrest — a socket type with its path and options, before the endpoint exists that it belongs to.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging

struct SocketPart: Sendable {
    let path: String
    let websocket: WebSocketOptions
    let longpoll: LongPollOptions
    let sse: EventStreamOptions
    let shortpoll: ShortPollOptions
    let drainer: DrainOptions
    let options: SocketOptions
    let channels: @Sendable () -> Channels
    /// Set by `EndpointPart.checked`, as are routes and serializers.
    var ways: [Way] = []
    var routes: [CompiledRoute] = []
    var serializers = SerializerChoice(entries: [])
    let behavior: SocketBehavior

    /// One transport of the mount, as all of them have it.
    struct Way: Sendable {
        enum Kind: Sendable {
            case websocket(WebSocketOptions)
            case longpoll(LongPollOptions)
            case sse(EventStreamOptions)
            case shortpoll(ShortPollOptions)
        }

        let kind: Kind
        /// As errors say it.
        let owner: String
        /// As `connect` hears it.
        let transport: String
        let path: MountPath
        let checkOrigin: OriginPolicy?
        let checkCSRF: Bool
        let connectInfo: [ConnectInfoKey]
        let connectTimeout: Duration?
        let transportLog: Logger.Level?
        var origins: OriginCheck?
        var session: SessionCookies?
    }

    private var enabledWays: [Way] {
        var ways: [Way] = []
        if websocket.isEnabled {
            ways.append(
                Way(
                    kind: .websocket(websocket), owner: "the WebSocket at \(path)", transport: "websocket",
                    path: MountPath(path, websocket.path), checkOrigin: websocket.checkOrigin,
                    checkCSRF: websocket.checkCSRF, connectInfo: websocket.connectInfo,
                    connectTimeout: websocket.connectTimeout, transportLog: websocket.transportLog))
        }
        if longpoll.isEnabled {
            ways.append(
                Way(
                    kind: .longpoll(longpoll), owner: "the long poll at \(path)", transport: "longpoll",
                    path: MountPath(path, longpoll.path), checkOrigin: longpoll.checkOrigin,
                    checkCSRF: longpoll.checkCSRF, connectInfo: longpoll.connectInfo,
                    connectTimeout: longpoll.connectTimeout, transportLog: longpoll.transportLog))
        }
        if sse.isEnabled {
            ways.append(
                Way(
                    kind: .sse(sse), owner: "the event streams at \(path)", transport: EventStreamOptions.transport,
                    path: MountPath(path, sse.path), checkOrigin: sse.checkOrigin, checkCSRF: sse.checkCSRF,
                    connectInfo: sse.connectInfo, connectTimeout: sse.connectTimeout, transportLog: sse.transportLog))
        }
        if shortpoll.isEnabled {
            ways.append(
                Way(
                    kind: .shortpoll(shortpoll), owner: "the short polls at \(path)",
                    transport: ShortPollOptions.transport, path: MountPath(path, shortpoll.path),
                    checkOrigin: shortpoll.checkOrigin, checkCSRF: shortpoll.checkCSRF,
                    connectInfo: shortpoll.connectInfo, connectTimeout: shortpoll.connectTimeout,
                    transportLog: shortpoll.transportLog))
        }
        return ways
    }

    // MARK: checks

    /// - Throws: `OptionError` for the first wrong option.
    mutating func check(_ endpoint: EndpointOptions) throws(OptionError) {
        let check = OptionCheck(owner: "the socket at \(path)")
        if let problem = MountPath.problem(path) { try check.expect(false, "path", problem) }
        try websocket.check(mount: path)
        try longpoll.check(mount: path)
        try sse.check(mount: path)
        try shortpoll.check(mount: path)
        try drainer.check(mount: path)
        try options.check(mount: path)
        ways = enabledWays
        for index in ways.indices {
            let way = ways[index]
            if let name = way.path.repeatedName {
                try check.expect(
                    false, "path", "has two segments named :\(name); connect could see one only", .conflict)
            }
            ways[index].origins = try OriginCheck(
                way.checkOrigin ?? endpoint.checkOrigin, host: endpoint.host,
                option: way.checkOrigin == nil ? "checkOrigin of the endpoint" : "checkOrigin of \(way.owner)")
            ways[index].session = try Self.session(of: way, endpoint)
            // Foreign pages are kept from sessions by one check at least.
            guard case .any = (way.checkOrigin ?? endpoint.checkOrigin).kind else { continue }
            try OptionCheck(owner: way.owner).expect(
                way.checkCSRF, "checkCSRF",
                "is off where checkOrigin lets every page in; leave one of the two checks on", .conflict)
        }
    }

    private static func session(of way: Way, _ endpoint: EndpointOptions) throws(OptionError) -> SessionCookies? {
        guard var options = way.connectInfo.lazy.compactMap(\.session).first else { return nil }
        options.secretKeyBase = options.secretKeyBase ?? endpoint.secretKeyBase
        if let (name, sentence) = options.problem {
            try OptionCheck(owner: "the session \(options.key) of \(way.owner)").expect(false, name, sentence)
        }
        return SessionCookies(options)
    }

    // MARK: mounts

    func definition(_ pubSub: PubSub, _ endpoint: EndpointOptions, _ telemetry: Telemetry) -> SocketDefinition {
        SocketDefinition(
            routes: routes, serializers: serializers, options: options, pubSub: pubSub, logger: endpoint.logger,
            behavior: behavior, maxTopicBytes: endpoint.message.maxTopicBytes, telemetry: telemetry)
    }

    func mounts(_ definition: SocketDefinition, directory: SessionDirectory, endpoint: EndpointOptions) -> [Mount] {
        ways.compactMap { way in
            guard let origins = way.origins else { return nil }
            let gate = SocketGate(
                path: way.path, transport: way.transport, connectInfo: way.connectInfo,
                connectTimeout: way.connectTimeout, transportLog: way.transportLog, origins: origins,
                session: way.session, checksCSRF: way.checkCSRF, definition: definition, loops: directory.loops)
            switch way.kind {
            case .websocket(let options):
                return .upgrade(SocketMount(gate: gate, options: options, parameters: options.parameters))
            case .longpoll(let options):
                var directory = directory
                directory.patience = SessionPatience(answerTimeout: options.pubsubTimeout, window: options.window)
                return .exchange(LongPollMount(gate: gate, options: options, directory: directory))
            case .sse(let options):
                var directory = directory
                directory.patience.window = options.window
                return .exchange(
                    EventStreamMount(
                        gate: gate, options: options, settings: EventStreamSettings(options), limits: endpoint.message,
                        directory: directory))
            case .shortpoll(let options):
                return .exchange(ShortPollMount(gate: gate, options: options, limits: endpoint.message))
            }
        }
    }
}
