// Firecrest — waiting for an event loop's answer, but not longer than a time.
// SPDX-License-Identifier: Apache-2.0

internal import NIOConcurrencyHelpers
package import NIOCore

extension EventLoopFuture where Value: Sendable {
    /// The value; nil where there is an error, or nothing yet at `deadline`, as from a loop that user code blocks. What was
    /// asked for still happens when the loop gets to it.
    ///
    /// A task that is cancelled waits like any other: it is the one that stops things.
    package func value(before deadline: ContinuousClock.Instant) async -> Value? {
        await withCheckedContinuation { (continuation: CheckedContinuation<Value?, Never>) in
            let waiting = NIOLockedValueBox<CheckedContinuation<Value?, Never>?>(continuation)
            let take = { @Sendable in
                waiting.withLockedValue { waiting in
                    defer { waiting = nil }
                    return waiting
                }
            }
            let timer = Task {
                try? await Task.sleep(until: deadline, clock: .continuous)
                take()?.resume(returning: nil)
            }
            whenComplete { result in
                take()?.resume(returning: try? result.get())
                timer.cancel()
            }
        }
    }
}
