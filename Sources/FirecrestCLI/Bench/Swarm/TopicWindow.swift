// Firecrest — how many of a topic's subscribers have each of its latest broadcasts.
// SPDX-License-Identifier: Apache-2.0

/// For a speaker that publishes the next broadcast when all have an earlier one.
///
/// Isolation: not Sendable; belongs to its swarm's loop.
final class TopicWindow {
    /// Listeners in this process.
    var listeners = 0
    /// The last broadcast that all of them have.
    private(set) var complete: UInt32 = 0
    /// How many have each of those behind it.
    private var counts: [Int] = []

    /// One of them has, or will never have, the numbers in `range`.
    ///
    /// - Returns: how many broadcasts that completed.
    func arrived(_ range: ClosedRange<UInt32>) -> Int {
        for number in range where number > complete {
            let index = Int(number - complete) - 1
            // No speaker is further ahead than this.
            guard index < BenchSettings.maxOutstanding else { break }
            while counts.count <= index { counts.append(0) }
            counts[index] += 1
        }
        let done = counts.prefix { $0 >= listeners }.count
        counts.removeFirst(done)
        complete += UInt32(done)
        return done
    }
}

@available(*, unavailable)
extension TopicWindow: Sendable {}
