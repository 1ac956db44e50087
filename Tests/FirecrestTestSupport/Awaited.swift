// Firecrest — state that an event loop changes and a test waits for.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOConcurrencyHelpers

/// A lock with a wait in it. One task at a time waits; anybody may change.
final class Awaited<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        /// Rises with each change and each call to wake, so that none is missed between a look and the wait behind it.
        var turn = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: NIOLockedValueBox<State>

    init(_ value: Value) {
        state = NIOLockedValueBox(State(value: value))
    }

    /// Changes the value and wakes who waits.
    func change(_ body: (inout Value) -> Void) {
        let waiters = state.withLockedValue { state in
            body(&state.value)
            state.turn += 1
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// What `take` finds, now or after a change.
    ///
    /// - Returns: nil when it found nothing until `deadline`.
    func wait<Result>(
        until deadline: NIODeadline, on eventLoop: any EventLoop, _ take: (inout Value) throws -> Result?
    ) async throws -> Result? {
        while true {
            let (found, turn) = try state.withLockedValue { state in (try take(&state.value), state.turn) }
            if let found { return found }
            try Task.checkCancellation()
            guard NIODeadline.now() < deadline else { return nil }
            await waitForChange(since: turn, until: deadline, on: eventLoop)
        }
    }

    private func waitForChange(since turn: Int, until deadline: NIODeadline, on eventLoop: any EventLoop) async {
        let timer = eventLoop.scheduleTask(deadline: deadline) { self.change { _ in } }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLockedValue { state in
                    if state.turn != turn || Task.isCancelled || NIODeadline.now() >= deadline { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            change { _ in }
        }
        timer.cancel()
    }
}
