// Firecrest — the server value that a user builds and runs.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestHTTP
public import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging
internal import NIOCore
internal import NIOPosix
public import ServiceLifecycle
internal import Synchronization

/// A realtime server: listeners, mounted sockets, HTTP routes.
///
/// ```swift
/// let endpoint = try Endpoint {
///     socket("/socket", UserSocket.self)
/// }
/// try await endpoint.run()
/// ```
///
/// It is a ServiceLifecycle `Service`: in a `ServiceGroup`, SIGTERM makes it stop accepting, close its sockets with 1012
/// ("come back") and return within `shutdownTimeout`.
///
/// Isolation: `Sendable`; everything here may be called from any thread.
public final class Endpoint: Service {
    public let options: EndpointOptions
    private let group: MultiThreadedEventLoopGroup
    private let loops: EndpointLoops
    private let pubSub: PubSub
    private let settings: ServerSettings
    private let telemetry: Telemetry
    private let publisher: MetricsPublisher?
    private let accepting = Atomic(false)

    /// Checks routes and options and starts the event loops.
    ///
    /// - Throws: `OptionError` for an option with a wrong value, `TopicPatternError` for a channel route that cannot work.
    public init(_ options: EndpointOptions = EndpointOptions(), @EndpointBuilder _ parts: () -> [EndpointPart]) throws {
        self.options = options
        // What can be wrong is found before a thread is started.
        try options.check()
        var serializers = SerializerTable(options.message)
        let telemetry = Telemetry(options)
        let parts = try parts().map { try $0.checked(options, &serializers, telemetry) }
        try parts.checkTogether()
        self.telemetry = telemetry
        publisher = telemetry.publisher
        let usage = SerializerUsage(serializers: serializers.serializers.count)
        group = MultiThreadedEventLoopGroup(numberOfThreads: options.loops ?? System.coreCount)
        let interests = group.makeIterator().map { _ in InterestFilter() }
        loops = EndpointLoops(
            ports: zip(group.makeIterator(), interests).enumerated().map { index, loop in
                let (eventLoop, interest) = loop
                return EndpointLoops.Port(
                    loop: .makeBoxSendingValue(
                        EndpointLoop(
                            index: index, eventLoop: eventLoop, interest: interest, usage: usage,
                            hotTopicDelay: options.hotTopicDelay.map { TimeAmount($0) }),
                        eventLoop: eventLoop))
            })
        pubSub = PubSub(
            node: options.nodeName, serializers: serializers.serializers, usage: usage,
            adapter: options.adapter, loops: zip(loops.ports, interests).map { (port: $0, interest: $1) })

        let directory = SessionDirectory(
            node: NodeTag(options.nodeName), tokens: SessionTokens(secret: options.secretKeyBase), loops: loops)
        if !(options.adapter is LocalAdapter) {
            SessionRelay.start(on: loops, node: directory.node, pubSub: pubSub, logger: options.logger)
        }
        var settings = ServerSettings(mounts: [], limits: options.http, logger: options.logger)
        for part in parts {
            switch part.kind {
            case .socket(let socket):
                settings.mounts += socket.mounts(
                    directory: directory, pubSub: pubSub, endpoint: options, telemetry: telemetry)
            case .mount(let mount): settings.mounts.append(mount)
            case .routes(let responder): settings.responder = responder
            }
        }
        settings.admission = Admission(
            maxConnections: options.maxConnections, maxConnectionsPerAddress: options.maxConnectionsPerAddress)
        settings.prelude = options.prelude
        self.settings = settings
    }

    // MARK: broadcasts

    /// Sends an event to every subscriber of a topic, on all nodes.
    ///
    /// - Parameter slowConsumers: what becomes of it where a client does not read. nil, the default: what the route of the
    ///   client's channel says.
    /// - Throws: `PayloadError` when the payload cannot be encoded or is no JSON object. Nothing has been sent then.
    public func broadcast(
        _ topic: Topic, _ event: String, _ payload: Payload, slowConsumers: SlowConsumerPolicy? = nil
    ) throws {
        try pubSub.broadcast(topic: topic.name, event: event, payload: payload, slowConsumers: slowConsumers)
    }

    public func broadcast(
        _ topic: Topic, _ event: String, _ payload: some Encodable, slowConsumers: SlowConsumerPolicy? = nil
    ) throws {
        try broadcast(topic, event, try Payload(encoding: payload), slowConsumers: slowConsumers)
    }

    public func broadcast(
        _ topic: Topic, _ event: String, _ payload: JSON, slowConsumers: SlowConsumerPolicy? = nil
    ) throws {
        try broadcast(topic, event, try Payload(payload), slowConsumers: slowConsumers)
    }

    /// Ends every connection whose socket has this id (`Socket.id`), on all nodes, with close code 1001 and without a word
    /// on its channels. phoenix.js reconnects; whether it may is `connect`'s to say.
    public func disconnect(_ socketID: String) throws {
        try pubSub.broadcast(topic: socketID, event: DisconnectSubscription.event, payload: .empty)
    }

    // MARK: life

    /// Whether new connections are accepted: true from the moment `run` listens until shutdown begins.
    public var isAccepting: Bool { accepting.load(ordering: .acquiring) }

    /// Serves until the surrounding service group shuts down, or the task is cancelled.
    ///
    /// - Throws: when an address cannot be listened at; the error names it and the reason.
    public func run() async throws {
        try await run { _ in }
    }

    /// As `run()`. `onListening` gets the bound addresses, with the ports that the system chose, once connections are
    /// accepted.
    public func run(onListening: @Sendable ([String]) async -> Void) async throws {
        let contexts = Dictionary(
            uniqueKeysWithValues: loops.ports.map { port in
                (ObjectIdentifier(port.loop.eventLoop), port.loop)
            })
        let context: @Sendable (any EventLoop) -> LoopContext? = { eventLoop in
            contexts[ObjectIdentifier(eventLoop)]?.value.context
        }
        let listener: Listener
        do {
            listener = try await Listener.bind(
                options.listen, settings: settings, group: group, backlog: options.backlog,
                context: context)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        let watchdog = options.loopStallThreshold.map {
            LoopWatchdog(group, threshold: TimeAmount($0), logger: options.logger, context: context)
        }
        accepting.store(true, ordering: .releasing)
        let addresses = listener.addresses.map(Self.describe)
        telemetry.emit(EndpointStarted(options.nodeName, addresses))
        await onListening(addresses)
        await withTaskGroup { group in
            group.addTask { await self.publishRegularly() }
            group.addTask { await self.trimMemoryRegularly() }
            // Ends with an error when the task is cancelled, which means the same: stop.
            try? await gracefulShutdown()
            group.cancelAll()
        }
        accepting.store(false, ordering: .releasing)
        await listener.close()
        await closeConnections()
        await publishMetrics()
        await watchdog?.stop()
        try await group.shutdownGracefully()
    }

    /// `127.0.0.1:4000`, `[::1]:4000`, or the path of a Unix socket.
    private static func describe(_ address: SocketAddress) -> String {
        guard let host = address.ipAddress, let port = address.port else { return address.pathname ?? "?" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private func closeConnections() async {
        for port in loops.ports {
            port.loop.eventLoop.execute {
                // Sessions first: their polls are answered, and the connections then have nothing to wait for.
                port.loop.value.sessions.shutDown()
                port.loop.value.relay?.shutDown()
                port.loop.value.context.shutDownConnections()
            }
        }
        let clock = ContinuousClock()
        let deadline = clock.now + options.shutdownTimeout
        while clock.now < deadline, await openConnections() > 0 {
            // Cancelled or not, the connections get their time.
            await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
        let left = await openConnections()
        if left > 0 {
            options.logger.warning(
                "Connections did not close in time and are dropped.",
                metadata: ["connections": "\(left)", "limit": "\(options.shutdownTimeout)"])
        }
    }

    private func openConnections() async -> Int {
        await gather { $0.context.connectionCount }.reduce(0, +)
    }

    // MARK: figures

    /// Hands what was counted until now to the metrics backend, for a page that must be exact when it is asked for.
    public func publishMetrics() async {
        guard let publisher else { return }
        publisher.publish(await statistics())
    }

    private func publishRegularly() async {
        guard publisher != nil else { return }
        while (try? await Task.sleep(for: options.metricsInterval)) != nil { await publishMetrics() }
    }

    private func trimMemoryRegularly() async {
        var trim = MemoryTrim()
        while (try? await Task.sleep(for: MemoryTrim.interval)) != nil {
            if trim.isDue(open: settings.admission.openCount) { MemoryTrim.trim() }
        }
    }

    /// The counters of all loops, added up.
    package func statistics() async -> LoopStatistics {
        await gather { $0.context.statistics }.reduce(LoopStatistics(), +)
    }

    /// What `read` says on each event loop's own thread, for figures that only the thread itself can tell.
    package func onEachLoop<T: Sendable>(_ read: @escaping @Sendable () -> T) async -> [T] {
        await gather { _ in read() }
    }

    /// The counters of each loop, and how long it took to get them: a busy loop answers late.
    package func statisticsByLoop() async -> [(statistics: LoopStatistics, answered: Duration)] {
        var answers: [(LoopStatistics, Duration)] = []
        for port in loops.ports {
            let asked = ContinuousClock.now
            guard let value = try? await port.loop.eventLoop.submit({ port.loop.value.context.statistics }).get()
            else { continue }
            answers.append((value, asked.duration(to: .now)))
        }
        return answers
    }

    private func gather<T: Sendable>(_ read: @escaping @Sendable (EndpointLoop) -> T) async -> [T] {
        var values: [T] = []
        for port in loops.ports {
            if let value = try? await port.loop.eventLoop.submit({ read(port.loop.value) }).get() {
                values.append(value)
            }
        }
        return values
    }
}
