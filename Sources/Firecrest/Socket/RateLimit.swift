// Firecrest — how often something may be done: a token bucket.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A rate with room for bursts. A bucket holds up to `burst` tokens and gets `perSecond` new ones each second; what is
/// limited takes one, and is refused when there is none.
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
    var problem: String? {
        guard perSecond.isFinite, perSecond > 0 else { return "perSecond must be more than 0, not \(perSecond)" }
        return burst >= 1 ? nil : "burst must be at least 1, not \(burst)"
    }
}

/// One bucket, refilled when it is looked at: no timer.
struct TokenBucket {
    private let limit: RateLimit
    private var tokens: Double
    private var filled: NIODeadline

    init(_ limit: RateLimit, now: NIODeadline) {
        self.limit = limit
        tokens = Double(limit.burst)
        filled = now
    }

    /// Takes a token.
    ///
    /// - Returns: nil when there was one, otherwise in how many milliseconds there will be, at least 1.
    mutating func take(now: NIODeadline) -> Int? {
        let elapsed = Double(max(0, (now - filled).nanoseconds)) / 1_000_000_000
        tokens = min(Double(limit.burst), tokens + elapsed * limit.perSecond)
        filled = now
        guard tokens < 1 else {
            tokens -= 1
            return nil
        }
        let milliseconds = ((1 - tokens) / limit.perSecond * 1_000).rounded(.up)
        return max(1, Int(exactly: milliseconds) ?? .max)
    }
}

/// The buckets of one connection; made only where a rate is set.
final class ConnectionRates {
    private var messages: TokenBucket?
    private var joins: TokenBucket?

    /// nil when nothing is limited, as by default.
    init?(_ options: SocketOptions, now: NIODeadline) {
        guard options.messageRate != nil || options.joinRate != nil else { return nil }
        messages = options.messageRate.map { TokenBucket($0, now: now) }
        joins = options.joinRate.map { TokenBucket($0, now: now) }
    }

    /// - Returns: nil when the message may be handled, otherwise after how many milliseconds to try again.
    func refusal(isJoin: Bool, now: NIODeadline) -> Int? {
        if let wait = messages?.take(now: now) { return wait }
        return isJoin ? joins?.take(now: now) : nil
    }
}
