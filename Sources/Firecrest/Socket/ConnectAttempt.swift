// Firecrest — one run of a user's connect, with its time limit.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore

/// Exists while `connect` runs; decides once.
///
/// Isolation: belongs to its loop.
final class ConnectAttempt: TimerEntry {
    var timerPlace = TimerPlace()
    private let loop: LoopContext
    private var onEnd: ((Result<SocketIdentity, any Error>) -> Void)?
    private var task: Task<Void, Never>?

    /// The error of a `connect` that took too long.
    struct Timeout: Error {}

    private init(loop: LoopContext, onEnd: @escaping (Result<SocketIdentity, any Error>) -> Void) {
        self.loop = loop
        self.onEnd = onEnd
    }

    /// Runs `connect` on the loop. One that does not suspend has ended when this returns.
    ///
    /// - Parameters:
    ///   - name: of the user's type and of the callback.
    ///   - limit: the longest that it may take; its task is cancelled then. nil: no limit.
    ///   - onEnd: called once, on the loop, unless the attempt is cancelled before.
    /// - Returns: what cancels it.
    static func start(
        on loop: LoopContext, _ name: (type: String, callback: String), limit: TimeAmount?,
        _ connect: @escaping @Sendable () async throws -> SocketIdentity,
        onEnd: @escaping (Result<SocketIdentity, any Error>) -> Void
    ) -> () -> Void {
        let attempt = ConnectAttempt(loop: loop, onEnd: onEnd)
        let bound = NIOLoopBound(attempt, eventLoop: loop.eventLoop)
        let executor = CallbackExecutor(loop, type: name.type, topic: nil, event: name.callback)
        let task = executor.immediate {
            let result: Result<SocketIdentity, any Error>
            do {
                result = .success(try await connect())
            } catch {
                result = .failure(error)
            }
            bound.value.end(result)
        }
        if attempt.onEnd != nil {
            attempt.task = task
            if let limit { loop.timers.schedule(attempt, after: limit) }
        }
        return { attempt.cancel() }
    }

    private func end(_ result: Result<SocketIdentity, any Error>) {
        guard let onEnd else { return }
        forget()
        onEnd(result)
    }

    private func cancel() {
        task?.cancel()
        forget()
    }

    private func forget() {
        onEnd = nil
        task = nil
        loop.timers.cancel(self)
    }

    func timerFired() {
        loop.statistics.connectTimeouts += 1
        task?.cancel()
        end(.failure(Timeout()))
    }
}

@available(*, unavailable)
extension ConnectAttempt: Sendable {}
