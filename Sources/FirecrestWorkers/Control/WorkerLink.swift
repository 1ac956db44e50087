// Firecrest — a worker's end of the control socket: takes connections, reports how many there are.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// Has a thread that waits for what the supervising process sends.
///
/// Isolation: `Sendable`; its state is behind a lock, which is taken once for each connection that is handed over.
final class WorkerLink: Sendable {
    private struct State {
        var takers: [Int: @Sendable (CInt) -> Void] = [:]
        var listeners = 0
        var admission: Admission?
        /// Connections that were handed over and never became one.
        var lost = 0
        var reported: (settled: Int, open: Int) = (-1, -1)
        var isReady = false
        /// Nothing comes any more.
        var isOver = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// How often the load is told while it changes: for the numbers of connections to stay equal within some hundredths at
    /// thousands of new ones a second.
    private static let reportInterval: CInt = 50
    private static let quietInterval: CInt = 500
    /// How long `Order.last` is awaited: the supervising process answers at once, where it lives.
    private static let lastTimeout = Duration.seconds(2)

    private let control: ControlSocket
    private let logger: Logger
    private let state: NIOLockedValueBox<State>

    init(_ control: ControlSocket, listeners: Int, logger: Logger) {
        self.control = control
        self.logger = logger
        state = NIOLockedValueBox(State(listeners: listeners))
    }

    /// The first message, which is there already or comes at once.
    ///
    /// - Throws: when what comes is of another version.
    static func welcome(_ control: ControlSocket) throws(WorkersError) -> Welcome {
        control.wait(milliseconds: 10_000)
        guard case .message(let bytes, _) = control.receive(), case .welcome(let welcome)? = ControlCoding.order(bytes)
        else {
            throw WorkersError(
                code: "no_welcome",
                "the supervising process said nothing that this version understands; restart it, so that both are one version"
            )
        }
        return welcome
    }

    /// Starts the thread.
    func start() {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        thread.submit { [self] _ in
            run()
            thread.shutdownGracefully { _ in }
        }
    }

    func watch(_ admission: Admission) {
        state.withLockedValue { $0.admission = admission }
    }

    func connections(of listener: Int, at address: String) -> any ConnectionSource {
        HandedConnections(link: self, listener: listener, address: address)
    }

    /// An event loop has been blocked for so long that this process should be replaced. From any thread.
    func reportStuck(loop: Int, milliseconds: Int, code: String) {
        _ = control.send(ControlCoding.encode(.stuck(loop: loop, milliseconds: milliseconds, code: code)))
    }

    // MARK: the endpoint

    fileprivate func take(_ listener: Int, _ taker: @escaping @Sendable (CInt) -> Void) {
        let isReady = state.withLockedValue { state in
            state.takers[listener] = taker
            state.isReady = state.takers.count == state.listeners
            return state.isReady
        }
        guard isReady else { return }
        reportLoad()
        _ = control.send(ControlCoding.encode(.ready))
    }

    /// Returns when nothing is under way to this process any more.
    fileprivate func stop() async {
        let isOver = state.withLockedValue { $0.isOver }
        guard !isOver else { return }
        _ = control.send(ControlCoding.encode(.stopping))
        let limit = Task {
            try await Task.sleep(for: Self.lastTimeout)
            end()
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLockedValue { state in
                if !state.isOver { state.waiting.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
        limit.cancel()
    }

    fileprivate func lost() {
        state.withLockedValue { $0.lost += 1 }
    }

    private func end() {
        let waiting = state.withLockedValue { state in
            state.isOver = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    // MARK: the thread

    private func run() {
        while true {
            control.wait(milliseconds: reportLoad() ? Self.reportInterval : Self.quietInterval)
            while true {
                switch control.receive() {
                case .nothing: break
                case .message(let bytes, let passed):
                    take(ControlCoding.order(bytes), passed)
                    continue
                case .over:
                    end()
                    // Nobody accepts for this process any more, and nobody would end it.
                    logger.error("The supervising process is gone; this worker drains and ends.")
                    kill(getpid(), SIGTERM)
                    return
                }
                break
            }
        }
    }

    private func take(_ order: Order?, _ passed: CInt?) {
        switch (order, passed) {
        case (.connection(let listener)?, let passed?):
            let taker = state.withLockedValue { $0.isOver ? nil : $0.takers[listener] }
            guard let taker else {
                lost()
                return Descriptor.close(passed)
            }
            taker(passed)
        case (.last?, _):
            end()
        default:
            // Without a descriptor there is none left in this process: the client sees its connection closed.
            if case .connection? = order { lost() }
            if let passed { Descriptor.close(passed) }
        }
    }

    /// - Returns: whether there was something new to tell.
    @discardableResult
    private func reportLoad() -> Bool {
        let report: Report? = state.withLockedValue { state in
            guard let admission = state.admission else { return nil }
            // In this order: one that begins meanwhile counts twice for a moment, and none is forgotten.
            let settled = admission.seenCount + state.lost
            let open = admission.openCount
            guard state.reported != (settled, open) else { return nil }
            state.reported = (settled, open)
            return .load(settled: settled, open: open, capacity: admission.maxConnections)
        }
        guard let report else { return false }
        _ = control.send(ControlCoding.encode(report))
        return true
    }
}

/// The connections of one listener.
private final class HandedConnections: ConnectionSource {
    let address: String
    private let link: WorkerLink
    private let listener: Int

    init(link: WorkerLink, listener: Int, address: String) {
        self.link = link
        self.listener = listener
        self.address = address
    }

    func start(_ take: @escaping @Sendable (CInt) -> Void) throws { link.take(listener, take) }

    func lost() { link.lost() }

    func stop() async { await link.stop() }
}
