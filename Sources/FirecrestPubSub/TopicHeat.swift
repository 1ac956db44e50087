// Firecrest — whether a topic has so many broadcasts that it pays to gather them.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Counts a topic's broadcasts in windows as long as the delay of hot topics. A topic that had enough in the last window
/// is hot: the next ones are gathered.
///
/// Where gathering brings nothing together (somebody waits for each broadcast before the next one), the topic is left
/// alone for a while.
///
/// Isolation: belongs to its topic's list.
package final class TopicHeat {
    /// Broadcasts within one delay that make a topic hot, and that gathering must bring together to go on.
    package static let minBroadcasts = 4
    /// How long a topic is left alone where gathering brought too few together, in delays.
    package static let restDelays: Int64 = 50

    private var windowStart: NIODeadline
    private var count = 0
    private var isHot = false
    private var restsUntil = NIODeadline.uptimeNanoseconds(0)

    init(now: NIODeadline) {
        windowStart = now
    }

    /// Counts one broadcast. Returns whether it is to be gathered.
    func counts(at now: NIODeadline, delay: TimeAmount) -> Bool {
        let elapsed = now - windowStart
        if elapsed >= delay {
            isHot = count >= Self.minBroadcasts && elapsed < delay + delay
            windowStart = now
            count = 0
        }
        count += 1
        return isHot && now >= restsUntil
    }

    /// What gathering brought together.
    func gathered(_ broadcasts: Int, at now: NIODeadline, delay: TimeAmount) {
        guard broadcasts < Self.minBroadcasts else { return }
        isHot = false
        restsUntil = now + .nanoseconds(delay.nanoseconds.multipliedReportingOverflow(by: Self.restDelays).partialValue)
    }
}
