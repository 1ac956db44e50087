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
internal import UnixSignals

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
/// ("come back") a few at a time (`DrainOptions`), and return. When the task is cancelled, all sockets are closed at once.
///
/// Isolation: `Sendable`; everything here may be called from any thread.
public final class Endpoint: Service {
    public let options: EndpointOptions
    private let group: MultiThreadedEventLoopGroup
    let loops: EndpointLoops
    private let figures: LoopFigures
    private let pubSub: PubSub
    private let settings: ServerSettings
    private let telemetry: Telemetry
    private let publisher: MetricsPublisher?
    /// One for each address of `options.listen`; nil where that speaks no TLS.
    private let certificates: [TLSContext?]
    private let drainers: [SocketDrainer]
    private let accepting = Atomic(false)
    private let stop = AsyncStream<Void>.makeStream()

    /// Checks routes and options and starts the event loops.
    ///
    /// - Throws: `OptionError` for an option with a wrong value, `TLSError` for a certificate or key that cannot be used,
    ///   `TopicPatternError` for a channel route that cannot work.
    public init(_ options: EndpointOptions = EndpointOptions(), @EndpointBuilder _ parts: () -> [EndpointPart]) throws {
        self.options = options
        // What can be wrong is found before a thread is started.
        try options.check()
        certificates = try options.listen.map { try $0.tls.map(TLSContext.init) }
        var serializers = SerializerTable(options.message)
        let telemetry = Telemetry(options)
        let parts = try parts().map { try $0.checked(options, &serializers, telemetry) }
        try parts.checkTogether()
        self.telemetry = telemetry
        publisher = telemetry.publisher
        let usage = SerializerUsage(serializers: serializers.serializers.count)
        group = MultiThreadedEventLoopGroup(numberOfThreads: options.loops ?? System.coreCount)
        let interests = group.makeIterator().map { _ in InterestFilter() }
        let joinPace = (options.joinRate?.times(interests.count)).map(Pace.init)
        loops = EndpointLoops(
            ports: zip(group.makeIterator(), interests).enumerated().map { index, loop in
                let (eventLoop, interest) = loop
                let running = RunningCode()
                return EndpointLoops.Port(
                    loop: .makeBoxSendingValue(
                        EndpointLoop(
                            index: index, eventLoop: eventLoop, interest: interest, usage: usage, running: running,
                            hotTopicDelay: options.hotTopicDelay.map { TimeAmount($0) },
                            joins: { context in
                                joinPace.map {
                                    JoinQueue(
                                        $0, loop: context, maxWaiting: options.maxWaitingJoins,
                                        maxBytes: options.maxWaitingJoinBytes)
                                }
                            }),
                        eventLoop: eventLoop),
                    running: running)
            })
        figures = LoopFigures(loops)
        pubSub = PubSub(
            node: options.nodeName, serializers: serializers.serializers, usage: usage,
            adapter: options.adapter, loops: zip(loops.ports, interests).map { (port: $0, interest: $1) },
            unreadable: { [loops, logger = options.logger] in loops.logUnreadable($0, to: logger) })

        let directory = SessionDirectory(
            node: NodeTag(options.nodeName), tokens: SessionTokens(secret: options.secretKeyBase), loops: loops)
        if !(options.adapter is LocalAdapter) {
            SessionRelay.start(on: loops, node: directory.node, pubSub: pubSub, logger: options.logger)
            NodeInquiries.start(on: loops, name: options.nodeName, pubSub: pubSub)
        }
        var settings = ServerSettings(mounts: [], limits: options.http, logger: options.logger)
        var drainers: [SocketDrainer] = []
        for part in parts {
            switch part.kind {
            case .socket(let socket):
                let definition = socket.definition(pubSub, options, telemetry)
                settings.mounts += socket.mounts(definition, directory: directory, endpoint: options)
                drainers.append(SocketDrainer(definition: definition, options: socket.drainer, path: socket.path))
            case .mount(let mount): settings.mounts.append(mount)
            case .routes(let responder): settings.responder = responder
            }
        }
        settings.admission =
            options.admission
            ?? Admission(
                maxConnections: options.maxConnections, maxConnectionsPerAddress: options.maxConnectionsPerAddress,
                acceptRate: options.acceptRate?.times(loops.ports.count))
        settings.trust = ProxyTrust(options.trustedProxies)
        settings.prelude = options.prelude
        self.settings = settings
        self.drainers = drainers
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

    /// As `broadcast`, but only to the subscribers of this node (`local_broadcast` in Phoenix): for what every node says
    /// for itself.
    ///
    /// - Throws: `PayloadError` when the payload cannot be encoded or is no JSON object. Nothing has been sent then.
    public func localBroadcast(
        _ topic: Topic, _ event: String, _ payload: Payload, slowConsumers: SlowConsumerPolicy? = nil
    ) throws {
        try pubSub.broadcast(
            topic: topic.name, event: event, payload: payload, slowConsumers: slowConsumers, locally: true)
    }

    public func localBroadcast(
        _ topic: Topic, _ event: String, _ payload: some Encodable, slowConsumers: SlowConsumerPolicy? = nil
    ) throws {
        try localBroadcast(topic, event, try Payload(encoding: payload), slowConsumers: slowConsumers)
    }

    public func localBroadcast(
        _ topic: Topic, _ event: String, _ payload: JSON, slowConsumers: SlowConsumerPolicy? = nil
    ) throws {
        try localBroadcast(topic, event, try Payload(payload), slowConsumers: slowConsumers)
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
    /// A shutdown goes like this: nothing new is accepted, and `isAccepting` is false; the connections of sockets are closed
    /// as `DrainOptions` say, while requests on open connections are still answered; then everything else is closed; what
    /// is left after `EndpointOptions.shutdownTimeout` is dropped. Cancelling the task, also in the middle of it, closes
    /// everything at once.
    ///
    /// - Throws: when an address cannot be listened at; the error names it and the reason. `StopError` where code on an event
    ///   loop does not return.
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
                Array(zip(options.listen, certificates)), settings: settings, group: group, backlog: options.backlog,
                context: context)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        let watchdog = LoopWatchdog(
            group, options.watchdogOrders(loops.ports.map(\.running), telemetry), logger: options.logger,
            context: context)
        accepting.store(true, ordering: .releasing)
        let addresses = listener.addresses
        telemetry.emit(EndpointStarted(options.nodeName, addresses))
        await onListening(addresses)
        await withTaskGroup { group in
            group.addTask { await self.publishRegularly() }
            group.addTask { await self.trimMemoryRegularly() }
            group.addTask { await self.reloadCertificatesOnHangup() }
            await self.untilShutdown()
            self.accepting.store(false, ordering: .releasing)
            await self.refuseSockets()
            await listener.close()
            await self.drain()
            group.cancelAll()
        }
        await closeConnections()
        await publishMetrics()
        await watchdog?.stop()
        try await endLoops()
    }

    /// Begins the shutdown that a signal begins in a service group; `run` returns when it is through.
    package func shutDownGracefully() { stop.continuation.finish() }

    private func untilShutdown() async {
        await withTaskGroup { group in
            // Ends with an error when the task is cancelled, which means the same: stop.
            group.addTask { try? await gracefulShutdown() }
            group.addTask { for await _ in self.stop.stream {} }
            await group.next()
            group.cancelAll()
        }
    }

    private func refuseSockets() async {
        _ = await loops.gather { $0.context.isDraining = true }
    }

    private func drain() async {
        await withTaskGroup { group in
            for drainer in drainers { group.addTask { await drainer.drain(self.loops) } }
        }
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
        await loops.gather { $0.context.connectionCount }.reduce(0) { $0 + ($1 ?? 0) }
    }

    private func endLoops() async throws {
        let blocked = await loops.gather { _ in true }.enumerated().filter { $1 == nil }.map(\.offset)
        guard blocked.isEmpty else {
            throw StopError(blocked: blocked.count, running: blocked.compactMap { loops.ports[$0].running.name })
        }
        try await group.shutdownGracefully()
    }

    // MARK: certificates

    /// Reads the files of `TLSOptions` again. Connections that begin from now on get what stands there; those that are open
    /// go on with what they have.
    ///
    /// - Throws: `TLSError` for the first file that cannot be used. That listener and those behind it go on with what they
    ///   had.
    public func reloadCertificates() throws {
        for context in certificates { try context?.reload() }
    }

    /// SIGHUP is left alone where there is nothing to reload.
    private func reloadCertificatesOnHangup() async {
        guard certificates.contains(where: { $0 != nil }) else { return }
        for await _ in await UnixSignalsSequence(trapping: .sighup) {
            do {
                try reloadCertificates()
                options.logger.notice("The certificates were read again; new connections get them.")
            } catch {
                options.logger.error(
                    "The certificates could not be read again; new connections still get the old ones. Mend the file and send SIGHUP again.",
                    metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: figures

    /// Hands what was counted until now to the metrics backend, for a page that must be exact when it is asked for.
    ///
    /// Takes no longer than a second: for an event loop that is blocked for so long stands what it said before, and
    /// `firecrest_loops_unanswered` says how many those are.
    public func publishMetrics() async {
        guard let publisher else { return }
        publisher.publish(await figures.read())
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
        await loops.gather { $0.context.statistics }.compactMap(\.self).reduce(LoopStatistics(), +)
    }

    /// What `read` says on each event loop's own thread, for figures that only the thread itself can tell.
    package func onEachLoop<T: Sendable>(_ read: @escaping @Sendable () -> T) async -> [T] {
        await loops.gather { _ in read() }.compactMap(\.self)
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

}
