// Firecrest — an endpoint asks the other nodes.
// SPDX-License-Identifier: Apache-2.0

internal import NIOConcurrencyHelpers
package import NIOCore

extension Endpoint {
    /// Asks all other nodes, whose `answerNodes` has the same question.
    ///
    /// - Parameters:
    ///   - count: how many there are: when so many have answered, nobody else is waited for.
    ///   - timeout: how long to wait for them.
    /// - Returns: the answers that came in time, in the order in which they came. None when there are 16 questions already,
    ///   and none where this node's own first loop is blocked, half a second after the time.
    package func askNodes(
        _ question: String, expecting count: Int, within timeout: Duration
    ) async -> [NodeAnswer] {
        guard let port = loops.ports.first else { return [] }
        let promise = port.loop.eventLoop.makePromise(of: [NodeAnswer].self)
        return await withCheckedContinuation { continuation in
            let answer = OneAnswer(continuation)
            promise.futureResult.whenComplete { answer.give((try? $0.get()) ?? []) }
            port.run { loop in
                guard let inquiries = loop.inquiries else { return promise.succeed([]) }
                inquiries.ask(question, count, timeout, promise)
            }
            // The loop keeps the time, unless it is blocked.
            Task {
                try? await Task.sleep(for: timeout + .milliseconds(500))
                answer.give([])
            }
        }
    }

    /// What this node says to a question of another.
    package func answerNodes(_ question: String, _ answer: @escaping @Sendable () async -> ByteBuffer) {
        loops.ports.first?.run { $0.inquiries?.answer(question, with: answer) }
    }
}

/// Resumes once, with whatever comes first.
private final class OneAnswer: Sendable {
    private let waiting: NIOLockedValueBox<CheckedContinuation<[NodeAnswer], Never>?>

    init(_ continuation: CheckedContinuation<[NodeAnswer], Never>) {
        waiting = NIOLockedValueBox(continuation)
    }

    func give(_ answers: [NodeAnswer]) {
        let continuation = waiting.withLockedValue { waiting in
            defer { waiting = nil }
            return waiting
        }
        continuation?.resume(returning: answers)
    }
}
