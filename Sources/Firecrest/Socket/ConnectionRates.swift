// Firecrest — the rates of one connection.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore

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
