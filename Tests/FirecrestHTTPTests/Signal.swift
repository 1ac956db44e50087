// Firecrest — something that happens once, and tests that wait for it.
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import NIOConcurrencyHelpers

/// Set by a route, awaited by a test, or the other way round.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())

    var isSet: Bool { state.withLockedValue { $0.isSet } }

    func set() {
        let waiters = state.withLockedValue { state in
            state.isSet = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits for ever. Cancellation does not end it: what must end with its task uses `Task.sleep`.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isSet = state.withLockedValue { state in
                if !state.isSet { state.waiters.append(continuation) }
                return state.isSet
            }
            if isSet { continuation.resume() }
        }
    }

    /// Throws when it is not set in time.
    func wait(for what: String, timeout: Duration = TestClient.patience) async throws {
        let timer = Task {
            try await Task.sleep(for: timeout)
            self.set()
            throw TestFailure("\(what) did not happen within \(timeout)")
        }
        await wait()
        timer.cancel()
        if case .failure(let error as TestFailure) = await timer.result { throw error }
    }
}
