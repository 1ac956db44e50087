// Firecrest — one server as several processes: the service that a program runs.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
public import FirecrestHTTP
#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif
public import Logging
internal import NIOCore
internal import NIOPosix
public import ServiceLifecycle
internal import UnixSignals

/// Runs a server in worker processes under a small supervising process.
///
/// ```swift
/// let workers = Workers(count: 4, listen: [.hostname("0.0.0.0", port: 4000)]) { worker in
///     try Endpoint(worker.options()) { socket("/socket", UserSocket.self) }
/// }
/// let group = ServiceGroup(
///     configuration: .init(services: [.init(service: workers)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
/// try await group.run()
/// ```
///
/// The program is started again for each worker, with the same arguments: there `run` makes the service and runs it, while in
/// the process that was started first it accepts connections, hands each to the worker that has the fewest, and starts
/// workers again when they end. So what stands before `run` in a program runs in all of them, and should not listen, write to
/// files or do other things that are to be done once.
///
/// Broadcasts, `Endpoint.disconnect` and long polls reach all workers. What a program keeps in memory is each worker's own.
///
/// SIGTERM drains all workers and ends; SIGHUP replaces them one after the other while the listeners stay open, also with
/// a newer file of the program. Linux only.
///
/// Isolation: `Sendable`.
public struct Workers: Service {
    /// How many. Defaults to one per core.
    public var count: Int
    /// Where to listen: in the supervising process, which keeps these sockets until it ends.
    public var listen: [ListenAddress]
    /// Connections that the kernel holds until they are accepted. Defaults to 4,096, as `EndpointOptions.backlog`.
    public var backlog: Int32 = 4_096
    /// Connections a second for each worker, over all of them; more wait in the kernel's backlog. Defaults to 5,000 with a
    /// burst of 500, as `EndpointOptions.acceptRate`, which has no say where the supervising process accepts. nil: no limit.
    public var acceptRate: RateLimit? = RateLimit(perSecond: 5_000, burst: 500)
    public var limits = WorkersLimits()
    public var hub = HubLimits()
    public var logger = Logger(label: "firecrest.workers")
    /// Called in the supervising process with what it listens at, once every worker has been ready.
    public var onReady: @Sendable ([String]) -> Void = { _ in }

    private let makeService: @Sendable (Worker) async throws -> any Service

    /// - Parameter makeService: called once in each worker process. What it makes runs until that process ends.
    public init(
        count: Int? = nil, listen: [ListenAddress],
        _ makeService: @escaping @Sendable (Worker) async throws -> any Service
    ) {
        self.count = count ?? System.coreCount
        self.listen = listen
        self.makeService = makeService
    }

    /// Whether this process is a worker.
    public static var isWorker: Bool { getenv(WorkerProgram.variable) != nil }

    /// - Throws: `WorkersError` in the supervising process when it cannot listen or gave up; in a worker whatever its service
    ///   throws.
    public func run() async throws {
        if Self.isWorker { try await work() } else { try await supervise() }
    }

    // MARK: a worker

    private func work() async throws {
        let control = ControlSocket(descriptor: WorkerProgram.controlDescriptor)
        _ = fcntl(control.descriptor, F_SETFD, FD_CLOEXEC)
        // A program that this one starts is no worker.
        unsetenv(WorkerProgram.variable)
        let welcome = try WorkerLink.welcome(control)
        let id = WorkerID(slot: welcome.slot, life: welcome.life)
        var logger = logger
        logger[metadataKey: "worker"] = "\(id.slot)"
        let link = WorkerLink(control, listeners: listen.count, logger: logger)
        let hub = HubAdapter(
            address: HubAddress(path: welcome.hubPath, key: welcome.hubKey), worker: id, limits: hub, logger: logger)
        try await hub.start()
        link.start()
        let worker = Worker(
            id: id, count: welcome.count, addresses: welcome.addresses, welcome: welcome, link: link, listen: listen,
            hub: hub)
        do {
            try await makeService(worker).run()
        } catch {
            await hub.stop()
            throw error
        }
        await hub.stop()
    }

    // MARK: the supervising process

    private func supervise() async throws {
        guard (1...1_024).contains(count) else {
            throw WorkersError(code: "wrong_count", "there cannot be \(count) workers; choose a number from 1 to 1024")
        }
        var listeners: [ListeningSocket] = []
        defer { for listener in listeners { listener.close() } }
        let (loop, program) = (try SupervisingLoop(), try WorkerProgram.current())
        for address in listen { listeners.append(try ListeningSocket(address, backlog: backlog)) }
        let folder = try PrivateFolder()
        defer { folder.remove() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let hubAddress = HubAddress(folder: folder.path)
        let hub = Hub(address: hubAddress, limits: hub, logger: logger, group: group)
        do {
            try await hub.start()
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        let addresses = listeners.map(\.address)
        let setting = SupervisingSetting(
            program: program, listeners: listeners,
            welcome: Welcome(
                slot: 0, life: 0, count: count, addresses: addresses, hubPath: hubAddress.path, hubKey: hubAddress.key,
                secret: .random(bytes: 64)),
            limits: limits, acceptRate: acceptRate?.times(count), logger: logger,
            onReady: { [onReady] in onReady(addresses) })
        let outcome = await Self.run(loop, setting)
        await hub.stop()
        try? await group.shutdownGracefully()
        try outcome.get()
    }

    private static func run(
        _ loop: SupervisingLoop, _ setting: SupervisingSetting
    ) async -> Result<Void, WorkersError> {
        await withTaskGroup { group in
            group.addTask {
                // Ends with an error when the task is cancelled, which means the same: stop.
                try? await gracefulShutdown()
                loop.command(.terminate)
            }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sighup) { loop.command(.replaceAll) }
            }
            let thread = NIOThreadPool(numberOfThreads: 1)
            thread.start()
            let outcome: Result<Void, WorkersError> = await withCheckedContinuation { continuation in
                thread.submit { _ in
                    do throws(WorkersError) {
                        continuation.resume(returning: .success(try loop.run(setting)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            }
            group.cancelAll()
            try? await thread.shutdownGracefully()
            return outcome
        }
    }
}

extension String {
    /// Letters and digits of so many random bytes.
    fileprivate static func random(bytes: Int) -> String {
        let digits = Array("0123456789abcdef")
        var random = SystemRandomNumberGenerator()
        return String((0..<(bytes * 2)).map { _ in digits[Int.random(in: 0..<16, using: &random)] })
    }
}
