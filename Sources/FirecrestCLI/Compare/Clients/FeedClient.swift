// Firecrest — a client that wants the feed, whichever way it comes.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Isolation: not Sendable; belongs to its way's client loop.
protocol FeedClient: AnyObject {
    var receiver: FeedReceiver { get }

    func start()
    /// Goes away, as a page that is closed.
    func stop()
}

/// Where the messages of one client arrive.
///
/// Isolation: not Sendable; belongs to its way's client loop.
final class FeedReceiver {
    private let environment: ClientEnvironment
    /// Without it, the first message is the first that is expected.
    private var tally: SequenceTally?
    /// Whether the next message of the feed will come.
    var isReady = false

    /// - Parameter last: the number before the first message that is to come; `nil` when that cannot be said, because the
    ///   feed is running.
    init(_ environment: ClientEnvironment, after last: Int?) {
        self.environment = environment
        tally = last.map { SequenceTally(after: $0) }
    }

    var lost: Int { tally?.lost ?? 0 }
    var last: Int? { tally?.last }

    func received(_ message: FeedMessage) {
        var tally = tally ?? SequenceTally(after: message.number - 1)
        defer { self.tally = tally }
        guard tally.arrived(message.number) == .new else {
            environment.counters.doubled += 1
            return
        }
        environment.counters.messages += 1
        let time = NIODeadline.now() - message.sent
        environment.counters.latency.add(time)
        environment.counters.recentLatency.add(time)
    }

    func end(at number: Int) {
        tally?.end(at: number)
    }
}

@available(*, unavailable)
extension FeedReceiver: Sendable {}
