// Firecrest — a supervisor at work: starts, watches, starts again, stops.
// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import Logging

/// One `run()` of a supervisor. The steps and their order are those of OTP's supervisor.erl.
///
/// Isolation: belongs to the task of its `run`; what happens elsewhere comes as an event, one after the other.
final class SupervisorRun {
    private struct Child {
        let specification: ChildSpecification
        /// nil: not started, or ended and not to be started again by itself.
        var life: ChildLife?
        /// What its last start failed with; it is tried again then.
        var failedStart: ChildExit?
    }

    /// What has happened and is not acted upon yet.
    private enum Work {
        case ended(ChildLife.ID)
        case retry(child: String)

        func isEnd(of life: ChildLife.ID) -> Bool {
            if case .ended(life) = self { true } else { false }
        }
    }

    private let supervisor: Supervisor
    private var events: AsyncStream<SupervisorEvent>.Iterator
    private let sink: AsyncStream<SupervisorEvent>.Continuation
    private let logger: Logger
    private var children: [Child]
    private var budget: RestartBudget
    private var lives = 0
    private var timers = 0
    private var lastTimeUp = 0
    /// Set once it is to stop.
    private var stop: SupervisorEvent.Stop?
    private var work: [Work] = []
    /// Lives that were left behind, by the names of their children.
    private var runaways: [ChildLife.ID: String] = [:]

    init(
        _ supervisor: Supervisor, _ events: AsyncStream<SupervisorEvent>,
        _ sink: AsyncStream<SupervisorEvent>.Continuation
    ) {
        self.supervisor = supervisor
        self.events = events.makeAsyncIterator()
        self.sink = sink
        logger = supervisor.logger
        children = supervisor.children.map { Child(specification: $0) }
        budget = RestartBudget(supervisor.intensity)
    }

    func run(_ onStarted: @Sendable () async -> Void) async throws {
        var ids: Set<String> = []
        for child in supervisor.children where !ids.insert(child.id).inserted {
            throw failure(.duplicateChild, child.id, .normal)
        }
        for index in children.indices where stop == nil {
            let id = children[index].specification.id
            guard let exit = await start(index) else { continue }
            await stopAll()
            throw failure(.startFailed, id, exit)
        }
        if stop == nil { await onStarted() }
        while stop == nil {
            guard !work.isEmpty else {
                await receive()
                continue
            }
            if let error = await act(on: work.removeFirst()) {
                await stopAll()
                throw error
            }
        }
        await stopAll()
    }

    /// Takes the next event.
    private func receive() async {
        // Nobody ends the stream or cancels this task.
        guard let event = await events.next(isolation: #isolation) else { return stop = .cancelled }
        switch event {
        case .started(let id, let isSupervisor):
            guard let index = index(ofLife: id) else { return }
            children[index].life?.hasStarted = true
            children[index].life?.isSupervisor = isSupervisor
        case .ended(let id, let exit):
            if let index = index(ofLife: id) {
                children[index].life?.exit = exit
                work.append(.ended(id))
            } else if let name = runaways.removeValue(forKey: id) {
                logger.notice("A child that was left behind has ended after all.", metadata: ["child": "\(name)"])
            }
        case .retry(let child): work.append(.retry(child: child))
        case .timeUp(let number): lastTimeUp = number
        case .stop(let reason): if stop != .cancelled { stop = reason }
        }
    }

    private func index(ofLife id: ChildLife.ID) -> Int? { children.firstIndex { $0.life?.id == id } }

    // MARK: start

    /// Starts a child and waits until it runs.
    ///
    /// - Returns: how it ended when it could not be started.
    private func start(_ index: Int) async -> ChildExit? {
        lives += 1
        let id = lives
        children[index].failedStart = nil
        children[index].life = ChildLife(id, children[index].specification, sink)
        while stop == nil, let life = children[index].life, !life.hasStarted {
            if let exit = life.exit {
                children[index].life = nil
                work.removeAll { $0.isEnd(of: id) }
                return exit
            }
            await receive()
        }
        return nil
    }

    // MARK: start again

    /// - Returns: why it gives up, if it does.
    private func act(on item: Work) async -> SupervisorError? {
        switch item {
        case .ended(let id):
            guard let index = index(ofLife: id), let exit = children[index].life?.exit else { return nil }
            return await ended(index, exit)
        case .retry(let child):
            // Others may have taken it along meanwhile.
            guard let index = children.firstIndex(where: { $0.specification.id == child }),
                let exit = children[index].failedStart
            else { return nil }
            return await restart(index, exit)
        }
    }

    private func ended(_ index: Int, _ exit: ChildExit) async -> SupervisorError? {
        let specification = children[index].specification
        children[index].life = nil
        let comesBack =
            switch specification.restart.kind {
            case .permanent: true
            case .transient: exit.isAbnormal
            case .temporary: false
            }
        if comesBack { return await restart(index, exit) }
        if specification.restart == .temporary { children.remove(at: index) }
        logger.log(
            level: exit.error == nil ? .debug : .warning, "A child ended and is not started again.",
            metadata: metadata(specification, exit))
        return nil
    }

    private func restart(_ index: Int, _ exit: ChildExit) async -> SupervisorError? {
        let specification = children[index].specification
        guard budget.take(now: supervisor.time.now()) else {
            children.remove(at: index)
            let error = failure(.tooManyRestarts, specification.id, exit)
            var metadata = metadata(specification, exit)
            metadata["intensity"] = "\(supervisor.intensity)"
            logger.error(
                "A supervisor gives up: a child was to be started again too often. It stops the others.",
                metadata: metadata)
            return error
        }
        count("restarts", specification.id)
        var metadata = metadata(specification, exit)
        metadata["strategy"] = "\(supervisor.strategy)"
        logger.warning("A child ended and is started again.", metadata: metadata)

        let range =
            switch supervisor.strategy.kind {
            case .oneForOne: index..<index + 1
            case .restForOne: index..<children.endIndex
            case .oneForAll: children.startIndex..<children.endIndex
            }
        for index in range.reversed() {
            await terminate(index)
            // What is temporary is not started again with the others.
            if children[index].specification.restart == .temporary { children.remove(at: index) }
        }
        let end = supervisor.strategy == .oneForOne ? range.upperBound : children.endIndex
        for index in range.lowerBound..<end where stop == nil {
            guard let exit = await start(index) else { continue }
            // Tried again as soon as what came in meanwhile is done; it counts as one more restart.
            children[index].failedStart = exit
            sink.yield(.retry(child: children[index].specification.id))
            return nil
        }
        return nil
    }

    // MARK: stop

    private func stopAll() async {
        if stop == .cancelled { for child in children { child.life?.cancel() } }
        for index in children.indices.reversed() { await terminate(index) }
    }

    /// Stops a child if it lives, within its time.
    private func terminate(_ index: Int) async {
        children[index].failedStart = nil
        guard let life = children[index].life else { return }
        defer {
            children[index].life = nil
            work.removeAll { $0.isEnd(of: life.id) }
        }
        guard life.exit == nil else { return }
        let specification = children[index].specification
        let limit = specification.shutdown ?? (life.isSupervisor ? .infinity : .seconds(5))
        if life.hasStarted, limit != .cancel, stop != .cancelled {
            await life.askToStop()
            if await waitForEnd(of: life.id, atMost: limit.time, unlessCancelled: true) { return }
            logger.warning(
                "A child did not stop in its time and is cancelled.",
                metadata: ["child": "\(specification.id)", "limit": "\(limit.time.map { "\($0)" } ?? "none")"])
        }
        life.cancel()
        if await waitForEnd(of: life.id, atMost: Supervisor.cancellationLimit, unlessCancelled: false) { return }
        runaways[life.id] = specification.id
        count("runaways", specification.id)
        logger.error(
            "A child does not heed its cancellation and is left behind: it runs on until it returns by itself.",
            metadata: ["child": "\(specification.id)"])
    }

    /// - Returns: whether it ended; otherwise the time is over, or the supervisor itself was cancelled.
    private func waitForEnd(of id: ChildLife.ID, atMost limit: Duration?, unlessCancelled: Bool) async -> Bool {
        timers += 1
        let number = timers
        let timer = limit.map { limit in
            Task { [time = supervisor.time, sink] in
                guard (try? await time.sleep(limit)) != nil else { return }
                sink.yield(.timeUp(number))
            }
        }
        defer { timer?.cancel() }
        while let index = index(ofLife: id), children[index].life?.exit == nil {
            if lastTimeUp == number || unlessCancelled && stop == .cancelled { return false }
            await receive()
        }
        return true
    }

    // MARK: words and figures

    private func failure(_ code: SupervisorError.Code, _ child: String, _ exit: ChildExit) -> SupervisorError {
        SupervisorError(
            code: code, supervisor: supervisor.name, child: child, error: exit.error, intensity: supervisor.intensity)
    }

    private func metadata(_ specification: ChildSpecification, _ exit: ChildExit) -> Logger.Metadata {
        [
            "child": "\(specification.id)", "restart": "\(specification.restart)",
            "error": "\(exit.error.map { "\($0)" } ?? "none, run() returned")",
        ]
    }

    private func count(_ what: String, _ child: String) {
        Counter(
            label: "firecrest.supervisor.\(what)", dimensions: [("supervisor", supervisor.name), ("child", child)],
            factory: supervisor.metrics
        ).increment()
    }
}

@available(*, unavailable)
extension SupervisorRun: Sendable {}
