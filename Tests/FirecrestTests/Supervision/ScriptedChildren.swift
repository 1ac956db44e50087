// Firecrest — tests: children that do what they are told, and a record of what became of them
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import NIOConcurrencyHelpers
import ServiceLifecycle

@testable import Firecrest

/// Children under a supervisor, told what to do by their ids. What happens stands in `trace`, in its order.
final class ScriptedChildren: Sendable {
    enum Command: Sendable {
        case crash, exit, stop
    }

    struct Crash: Error {}
    struct StartFailure: Error {}

    private struct State {
        var trace: [String] = []
        var failures: [String: Int] = [:]
        var lives: [String: AsyncStream<Command>.Continuation] = [:]
    }

    private let state = NIOLockedValueBox(State())

    var trace: [String] { state.withLockedValue { $0.trace } }

    func add(_ line: String) {
        state.withLockedValue { $0.trace.append(line) }
    }

    /// The next `count` starts of a child fail.
    func failStarts(of id: String, _ count: Int) {
        state.withLockedValue { $0.failures[id] = count }
    }

    /// Tells the present life of a child.
    func tell(_ id: String, _ command: Command) {
        state.withLockedValue { $0.lives[id] }?.yield(command)
    }

    /// Comes back when the trace has so many lines.
    func wait(for count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while trace.count < count {
            guard ContinuousClock.now < deadline else {
                throw TestFailure("no \(count) lines within 20 s: \(trace.joined(separator: ", "))")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    /// A child that does as it is told, and ends when it is asked to, unless it ignores that.
    func worker(
        _ id: String, _ restart: RestartKind = .permanent, shutdown: ShutdownLimit? = nil, ignoring: Bool = false
    ) -> ChildSpecification {
        child(id, restart: restart, shutdown: shutdown) { [self] in
            try starting(id)
            let (commands, sink) = AsyncStream.makeStream(of: Command.self)
            state.withLockedValue { $0.lives[id] = sink }
            return Worker(id: id, ignoring: ignoring, children: self, commands: commands, sink: sink)
        }
    }

    private func starting(_ id: String) throws {
        try state.withLockedValue { state in
            guard let left = state.failures[id], left > 0 else { return state.trace.append("start \(id)") }
            state.failures[id] = left - 1
            state.trace.append("fail \(id)")
            throw StartFailure()
        }
    }

    private struct Worker: Service {
        let id: String
        let ignoring: Bool
        let children: ScriptedChildren
        let commands: AsyncStream<Command>
        let sink: AsyncStream<Command>.Continuation

        func run() async throws {
            try await withGracefulShutdownHandler {
                // Ends without a word when it is cancelled, as a process that is killed.
                for await command in commands {
                    switch command {
                    case .crash:
                        children.add("crash \(id)")
                        throw Crash()
                    case .exit: return children.add("exit \(id)")
                    case .stop:
                        if !ignoring { return children.add("stop \(id)") }
                    }
                }
            } onGracefulShutdown: { [sink] in
                sink.yield(.stop)
            }
        }
    }
}

/// Time that a test moves.
final class HandTime: Sendable {
    private struct State {
        var now = ContinuousClock.now
        var sleepers: [Int: (deadline: ContinuousClock.Instant, wake: CheckedContinuation<Void, Never>)] = [:]
        var count = 0
    }

    private let state = NIOLockedValueBox(State())

    var time: SupervisionTime {
        SupervisionTime(
            now: { self.state.withLockedValue { $0.now } }, sleep: { await self.sleep($0) })
    }

    /// Who waits for its time now.
    var sleepers: Int { state.withLockedValue { $0.sleepers.count } }

    func advance(by duration: Duration) {
        let due = state.withLockedValue { state in
            state.now += duration
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values.map(\.wake)
        }
        for wake in due { wake.resume() }
    }

    /// Comes back when somebody waits.
    func waitForSleeper() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while sleepers == 0 {
            guard ContinuousClock.now < deadline else { throw TestFailure("nobody waits for its time") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func sleep(_ duration: Duration) async {
        let number = state.withLockedValue { state in
            state.count += 1
            return state.count
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLockedValue { state in
                    guard duration > .zero, !Task.isCancelled else { return true }
                    state.sleepers[number] = (state.now + duration, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { $0.sleepers.removeValue(forKey: number) }?.wake.resume()
        }
    }
}
