// Firecrest — the arithmetic of a drain: batches, their times, and each loop's part in them.
// SPDX-License-Identifier: Apache-2.0

/// What is to be closed and when. All loops follow one plan.
struct DrainPlan: Equatable {
    let total: Int
    let batchSize: Int
    let batchInterval: Duration

    /// One batch. Counted from 1, as telemetry says it.
    struct Batch: Equatable {
        let index: Int
        let count: Int
        /// From the beginning of the drain.
        let begin: Duration
        /// What the closing of its connections is spread over: less than an interval where there are fewer.
        let length: Duration
    }

    var rounds: Int { total / batchSize + (total % batchSize == 0 ? 0 : 1) }

    /// How long all of it takes.
    var length: Duration { time(of: total) }

    var batches: some Sequence<Batch> {
        (1...max(1, rounds)).lazy.prefix(rounds).map { index in
            let before = (index - 1) * batchSize
            let count = min(batchSize, total - before)
            return Batch(index: index, count: count, begin: time(of: before), length: time(of: count))
        }
    }

    /// In seconds of a double: a day is exact to nanoseconds.
    private func time(of count: Int) -> Duration { batchInterval * (Double(count) / Double(batchSize)) }

    /// What each loop closes of a batch: by what it has left, and exactly `count` in all.
    static func shares(of count: Int, left: [Int]) -> [Int] {
        let all = left.reduce(0, +)
        guard all > 0 else { return left.map { _ in 0 } }
        let count = min(count, all)
        var (passed, given) = (0, 0)
        return left.map { left in
            passed += left
            let upToHere = count * passed / all
            defer { given = upToHere }
            return upToHere - given
        }
    }
}
