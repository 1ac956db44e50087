// Firecrest — a rate that whoever comes too soon waits for, shared by the loops of an endpoint.
// SPDX-License-Identifier: Apache-2.0

internal import NIOConcurrencyHelpers
package import NIOCore

/// One bucket for all loops. Looked at once for each connection or join, and never for a message.
package final class Pace: Sendable {
    /// What comes back at once after a wait: one timer serves so much of it.
    private static let step = 0.005

    private let rate: RateLimit
    private let bucket: NIOLockedValueBox<TokenBucket>

    package init(_ rate: RateLimit) {
        self.rate = rate
        bucket = NIOLockedValueBox(TokenBucket(rate, now: .now()))
    }

    /// Whether there was a token.
    package func take(now: NIODeadline) -> Bool { bucket.withLockedValue { $0.take(now: now) == nil } }

    /// Takes one whether or not it is there.
    package func spend(now: NIODeadline) { bucket.withLockedValue { $0.spend(now: now) } }

    /// How long to wait, at least a millisecond; nil when there is a token.
    package func wait(now: NIODeadline) -> TimeAmount? {
        let wait = bucket.withLockedValue { $0.wait(for: rate.perSecond * Self.step, now: now) }
        return wait.map { max($0, .milliseconds(1)) }
    }

    /// How long `count` take.
    package func time(for count: Int) -> TimeAmount {
        .nanoseconds(Int64(exactly: (Double(count) / rate.perSecond * 1e9).rounded(.up)) ?? .max)
    }
}
