// Firecrest — the supervising process's one thread: accepts and hands over connections, hears workers, starts and ends them.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestHTTP
#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif
internal import Logging
internal import NIOCore

/// Waits in poll(2) for connections, workers' reports and commands, and does what `FleetPlan` decides.
///
/// A connection costs one `accept4` and one `sendmsg` here. Nothing of it is read: what a client sends is the worker's.
///
/// Isolation: `run` has a thread to itself; `command` may be called from any.
final class SupervisingLoop: Sendable {
    enum Command: UInt8 {
        case terminate = 1
        case replaceAll = 2
    }

    private let wakeUp: ControlSocket
    private let commands: ControlSocket

    init() throws(ControlSocketError) {
        (wakeUp, commands) = try ControlSocket.pair()
    }

    deinit {
        wakeUp.close()
        commands.close()
    }

    func command(_ command: Command) {
        _ = wakeUp.send(ByteBuffer(integer: command.rawValue))
    }

    /// - Throws: `WorkersError` when the supervising process gave up.
    func run(_ setting: SupervisingSetting) throws(WorkersError) {
        var state = SupervisingState(setting, commands: commands)
        try state.run()
    }
}

/// What `SupervisingLoop` begins with.
struct SupervisingSetting: Sendable {
    var program: WorkerProgram
    var listeners: [ListeningSocket]
    /// But for the slot and the life, which each worker has of its own.
    var welcome: Welcome
    var limits: WorkersLimits
    /// Of all workers together.
    var acceptRate: RateLimit?
    var logger: Logger
    /// Told once, when every slot has had a worker that was ready.
    var onReady: @Sendable () -> Void
}

/// Isolation: belongs to the supervising thread.
private struct SupervisingState {
    private struct Worker {
        let id: WorkerID
        let process: WorkerProcess
        let startedAt: ContinuousClock.Instant
        var load = WorkerLoad()
    }

    /// Connections accepted before workers and commands are looked at again.
    private static let acceptsPerTurn = 64
    /// After a descriptor was missing, or no worker could take a connection, this passes before the next is accepted.
    private static let pause = Duration.milliseconds(20)

    private let setting: SupervisingSetting
    private let commands: ControlSocket
    private let clock = ContinuousClock()
    private var plan: FleetPlan
    private var workers: [Worker] = []
    /// Their control sockets have ended, they themselves perhaps not yet.
    private var ending: [(worker: Worker, until: ContinuousClock.Instant)] = []
    private var pausedUntil: ContinuousClock.Instant?
    private var bucket: TokenBucket?
    private var turn = 0
    private var neverReady: Set<Int>
    private var outcome: Result<Void, WorkersError>?

    init(_ setting: SupervisingSetting, commands: ControlSocket) {
        self.setting = setting
        self.commands = commands
        plan = FleetPlan(count: setting.welcome.count, limits: setting.limits)
        bucket = setting.acceptRate.map { TokenBucket($0, now: .now()) }
        neverReady = Set(0..<setting.welcome.count)
    }

    mutating func run() throws(WorkersError) {
        tell(.begin)
        // Who has closed its socket and does not end is not left behind.
        while outcome == nil || !ending.isEmpty {
            waitForEvents()
            reap()
            tell(.tick)
        }
        try outcome?.get()
    }

    // MARK: waiting

    private mutating func waitForEvents() {
        let now = clock.now
        if let until = pausedUntil, until <= now { pausedUntil = nil }
        let accepts = pausedUntil == nil && workers.contains { plan.serves($0.id) }
        var entries = [pollfd(fd: commands.descriptor, events: CShort(POLLIN), revents: 0)]
        entries += workers.map { pollfd(fd: $0.process.control.descriptor, events: CShort(POLLIN), revents: 0) }
        if accepts {
            entries += setting.listeners.map { pollfd(fd: $0.descriptor, events: CShort(POLLIN), revents: 0) }
        }
        let due = [plan.deadline, pausedUntil, ending.isEmpty ? nil : now + .milliseconds(2)].compactMap { $0 }.min()
        let milliseconds = due.map { CInt(clamping: Int64((max(.zero, $0 - now) / .milliseconds(1)).rounded(.up))) }
        guard poll(&entries, nfds_t(entries.count), milliseconds ?? -1) > 0 else { return }

        if entries[0].revents != 0 { takeCommands() }
        let spoke = workers.indices.filter { entries[$0 + 1].revents != 0 }.map { workers[$0].id }
        let arrived =
            accepts
            ? setting.listeners.indices.filter { entries[entries.count - setting.listeners.count + $0].revents != 0 }
            : []
        for id in spoke { hear(id) }
        for index in arrived { accept(index) }
    }

    private mutating func takeCommands() {
        while case .message(let bytes, _) = commands.receive() {
            switch bytes.getInteger(at: bytes.readerIndex, as: UInt8.self).flatMap(SupervisingLoop.Command.init) {
            case .terminate: tell(.terminate)
            case .replaceAll:
                setting.logger.notice("SIGHUP: the workers are replaced, one after the other.")
                tell(.replaceAll)
            case nil: break
            }
        }
    }

    // MARK: connections

    private mutating func accept(_ listener: Int) {
        for _ in 0..<Self.acceptsPerTurn {
            // For some at once, so that waiting does not cost more than accepting.
            let some = (setting.acceptRate?.perSecond ?? 0) / 100
            if let wait = bucket?.wait(for: some, now: .now()) {
                pausedUntil = clock.now + .nanoseconds(wait.nanoseconds)
                return
            }
            switch setting.listeners[listener].accept() {
            case .nobody: return
            case .exhausted:
                setting.logger.error(
                    "A connection cannot be accepted for want of descriptors; it waits. Raise the limit on open files (ulimit -n)."
                )
                return pause()
            case .connection(let connection):
                bucket?.spend(now: .now())
                // The worker has a copy of its own now, or nobody takes it and the client sees it closed.
                defer { Descriptor.close(connection) }
                guard handOver(connection, listener) else { return pause() }
            }
        }
    }

    private mutating func pause() { pausedUntil = clock.now + Self.pause }

    private mutating func handOver(_ connection: CInt, _ listener: Int) -> Bool {
        var candidates = workers.indices.filter { plan.serves(workers[$0].id) }
        let message = ControlCoding.encode(Order.connection(listener: listener))
        turn &+= 1
        while let index = Balance.choose(candidates.map { ($0, workers[$0].load) }, turn: turn) {
            if case .done = workers[index].process.control.send(message, passing: connection) {
                workers[index].load.handed += 1
                return true
            }
            // It does not keep up, or has just ended: another takes it.
            candidates.removeAll { $0 == index }
        }
        return false
    }

    // MARK: workers

    private mutating func hear(_ id: WorkerID) {
        while let index = workers.firstIndex(where: { $0.id == id }) {
            switch workers[index].process.control.receive() {
            case .nothing: return
            case .over: return gone(workers.remove(at: index))
            case .message(let bytes, let passed):
                if let passed { Descriptor.close(passed) }
                guard let report = ControlCoding.report(bytes) else {
                    setting.logger.error(
                        "A worker said what this version does not know, and is killed: it runs another version of this program. Restart the whole program to change to that.",
                        metadata: ["worker": "\(id.slot)", "pid": "\(workers[index].process.pid)"])
                    return workers[index].process.signal(SIGKILL)
                }
                take(report, from: index)
            }
        }
    }

    private mutating func take(_ report: Report, from index: Int) {
        let id = workers[index].id
        switch report {
        case .ready:
            setting.logger.notice(
                "A worker serves.",
                metadata: [
                    "worker": "\(id.slot)", "pid": "\(workers[index].process.pid)",
                    "milliseconds": "\(Int((clock.now - workers[index].startedAt) / .milliseconds(1)))",
                ])
            tell(.ready(id))
            if neverReady.remove(id.slot) != nil, neverReady.isEmpty { setting.onReady() }
        case .load(let settled, let open, let capacity):
            workers[index].load.settled = settled
            workers[index].load.open = open
            workers[index].load.capacity = capacity
        case .stopping:
            tell(.stopping(id))
        case .stuck(let loop, let milliseconds, let code):
            setting.logger.error(
                "A worker's event loop is blocked for too long; the worker is replaced.",
                metadata: [
                    "worker": "\(id.slot)", "pid": "\(workers[index].process.pid)", "loop": "\(loop)",
                    "milliseconds": "\(milliseconds)", "code": "\(code)",
                ])
            tell(.stuck(id))
        }
    }

    /// Its control socket has ended, which is the first that is seen of its end.
    private mutating func gone(_ worker: Worker) {
        worker.process.control.close()
        // Most are gone entirely in the same moment, and how is good to know.
        var how: String?
        for _ in 0..<20 where how == nil {
            how = worker.process.ending()
            if how == nil { usleep(1_000) }
        }
        if let how { logEnd(worker, how) } else { ending.append((worker, clock.now + .seconds(2))) }
        tell(.ended(worker.id, how ?? "ended"))
    }

    private mutating func reap() {
        guard !ending.isEmpty else { return }
        let now = clock.now
        var left: [(worker: Worker, until: ContinuousClock.Instant)] = []
        for entry in ending {
            if let how = entry.worker.process.ending() {
                logEnd(entry.worker, how)
                continue
            }
            if entry.until <= now { entry.worker.process.signal(SIGKILL) }
            left.append(entry)
        }
        ending = left
    }

    private func logEnd(_ worker: Worker, _ how: String) {
        setting.logger.log(
            level: how == "ended" ? .info : .error, "A worker \(how).",
            metadata: ["worker": "\(worker.id.slot)", "pid": "\(worker.process.pid)"])
    }

    // MARK: decisions

    private mutating func tell(_ event: FleetPlan.Event) {
        for action in plan.handle(event, now: clock.now) { perform(action) }
    }

    private mutating func perform(_ action: FleetPlan.Action) {
        switch action {
        case .start(let id): start(id)
        case .drain(let id):
            guard let worker = workers.first(where: { $0.id == id }) else { return }
            _ = worker.process.control.send(ControlCoding.encode(.last))
            worker.process.signal(SIGTERM)
        case .kill(let id):
            guard let worker = workers.first(where: { $0.id == id }) else { return }
            setting.logger.error(
                "A worker took longer than its limit, and is killed.",
                metadata: ["worker": "\(id.slot)", "pid": "\(worker.process.pid)"])
            worker.process.signal(SIGKILL)
        case .keepOld(let id, let how):
            setting.logger.error(
                "A new worker does not start; the old ones stay. Mend that, and send SIGHUP again.",
                metadata: ["worker": "\(id.slot)", "last": "\(how)"])
        case .finish(let failure): outcome = failure.map { .failure($0) } ?? .success(())
        }
    }

    private mutating func start(_ id: WorkerID) {
        do {
            let startedAt = clock.now
            let process = try WorkerProcess(setting.program)
            var welcome = setting.welcome
            welcome.slot = id.slot
            welcome.life = id.life
            _ = process.control.send(ControlCoding.encode(.welcome(welcome)))
            workers.append(Worker(id: id, process: process, startedAt: startedAt))
            setting.logger.info("A worker was started.", metadata: ["worker": "\(id.slot)", "pid": "\(process.pid)"])
        } catch {
            setting.logger.error("A worker could not be started.", metadata: ["error": "\(error)"])
            tell(.notStarted(id, "could not be started (\(error))"))
        }
    }
}
