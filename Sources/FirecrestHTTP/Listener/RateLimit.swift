// Firecrest — how often something may be done: a token bucket.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A rate with room for bursts. A bucket holds up to `burst` tokens and gets `perSecond` new ones each second; what is
/// limited takes one, and is refused, or waits, when there is none.
public struct RateLimit: Sendable, Hashable {
    /// Tokens that come back each second; may be below 1. More than 0.
    public var perSecond: Double
    /// Tokens that a full bucket holds: how much may be done at once after a quiet time. At least 1.
    public var burst: Int

    /// - Parameter burst: nil, the default, is one second's worth, and at least 1.
    public init(perSecond: Double, burst: Int? = nil) {
        self.perSecond = perSecond
        self.burst = burst ?? max(1, Int(exactly: perSecond.rounded(.up)) ?? .max)
    }

    /// What is wrong with these numbers; nil when nothing is.
    package var problem: String? {
        guard perSecond.isFinite, perSecond > 0 else { return "perSecond must be more than 0, not \(perSecond)" }
        return burst >= 1 ? nil : "burst must be at least 1, not \(burst)"
    }

    /// So many times as much.
    package func times(_ count: Int) -> RateLimit {
        let burst = burst.multipliedReportingOverflow(by: count)
        return RateLimit(perSecond: perSecond * Double(count), burst: burst.overflow ? .max : burst.partialValue)
    }
}

/// One bucket, refilled when it is looked at: no timer.
package struct TokenBucket: Sendable {
    private let limit: RateLimit
    private var tokens: Double
    private var filled: NIODeadline

    package init(_ limit: RateLimit, now: NIODeadline) {
        self.limit = limit
        tokens = Double(limit.burst)
        filled = now
    }

    /// Takes a token.
    ///
    /// - Returns: nil when there was one, otherwise in how many milliseconds there will be, at least 1.
    package mutating func take(now: NIODeadline) -> Int? {
        refill(now)
        guard tokens < 1 else {
            tokens -= 1
            return nil
        }
        let milliseconds = ((1 - tokens) / limit.perSecond * 1_000).rounded(.up)
        return max(1, Int(exactly: milliseconds) ?? .max)
    }

    /// Takes a token whether or not there is one, for what has happened already.
    package mutating func spend(now: NIODeadline) {
        refill(now)
        tokens -= 1
    }

    /// - Parameter count: tokens that are to be there; more than a full bucket holds are not waited for.
    /// - Returns: nil when there is a token, otherwise the time until there are so many.
    package mutating func wait(for count: Double, now: NIODeadline) -> TimeAmount? {
        refill(now)
        guard tokens < 1 else { return nil }
        let missing = max(1, min(count, Double(limit.burst))) - tokens
        return .nanoseconds(Int64(exactly: (missing / limit.perSecond * 1e9).rounded(.up)) ?? .max)
    }

    private mutating func refill(_ now: NIODeadline) {
        let elapsed = Double(max(0, (now - filled).nanoseconds)) / 1_000_000_000
        tokens = min(Double(limit.burst), tokens + elapsed * limit.perSecond)
        filled = now
    }
}
