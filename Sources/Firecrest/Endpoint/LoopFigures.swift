// Firecrest — the counters of all event loops, without waiting for one that is blocked.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOConcurrencyHelpers
internal import NIOCore

/// Asks each loop for its counters. For one that user code blocks stands what it last said, and it is counted in
/// `LoopStatistics.loopsUnanswered`: whoever reads figures has to get them most when something is wrong.
///
/// Isolation: `Sendable`.
final class LoopFigures: Sendable {
    /// How long a loop has to answer.
    static let patience = Duration.seconds(1)

    private struct Reader {
        var missing: Set<Int>
        let continuation: CheckedContinuation<LoopStatistics, Never>
    }

    private struct State {
        /// What each loop last said.
        var known: [LoopStatistics]
        /// Loops that were asked and have not answered. None is asked twice: one that is blocked for an hour would find all
        /// the questions of that hour. Its answer is newer than what any of those who wait for it has asked for.
        var asked: Set<Int> = []
        var readers: [Int: Reader] = [:]
        var lastReader = 0

        func total(unanswered: Int) -> LoopStatistics {
            var total = known.reduce(LoopStatistics(), +)
            total.loopsUnanswered = unanswered
            return total
        }
    }

    private let loops: EndpointLoops
    private let state: NIOLockedValueBox<State>

    init(_ loops: EndpointLoops) {
        self.loops = loops
        state = NIOLockedValueBox(State(known: loops.ports.map { _ in LoopStatistics() }))
    }

    /// The counters of all loops, added up. Takes no longer than `patience`.
    func read() async -> LoopStatistics {
        await withCheckedContinuation { continuation in
            let all = Set(loops.ports.indices)
            let (reader, unasked) = state.withLockedValue { state in
                state.lastReader += 1
                state.readers[state.lastReader] = Reader(missing: all, continuation: continuation)
                defer { state.asked = all }
                return (state.lastReader, all.subtracting(state.asked))
            }
            for index in unasked {
                let loop = loops.ports[index].loop
                loop.eventLoop.submit { loop.value.context.statistics }
                    .whenComplete { self.answered(index, try? $0.get()) }
            }
            Task {
                try? await Task.sleep(for: Self.patience)
                self.end(reader)
            }
        }
    }

    /// - Parameter statistics: nil from a loop that is gone.
    private func answered(_ index: Int, _ statistics: LoopStatistics?) {
        let served = state.withLockedValue { state in
            state.asked.remove(index)
            if let statistics { state.known[index] = statistics }
            for reader in state.readers.keys { state.readers[reader]?.missing.remove(index) }
            let done = state.readers.filter { $0.value.missing.isEmpty }
            for reader in done.keys { state.readers[reader] = nil }
            return (readers: done.values.map(\.continuation), total: state.total(unanswered: 0))
        }
        for reader in served.readers { reader.resume(returning: served.total) }
    }

    private func end(_ reader: Int) {
        let late = state.withLockedValue { state in
            state.readers.removeValue(forKey: reader).map {
                ($0.continuation, state.total(unanswered: $0.missing.count))
            }
        }
        if let (continuation, total) = late { continuation.resume(returning: total) }
    }
}
