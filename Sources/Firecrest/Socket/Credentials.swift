// Firecrest — what one client's credentials allow, from connect to the end, with the fresh tokens it presents.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore

/// Made for sockets that have a grant, or whose client presents a token; the others have none.
///
/// Isolation: belongs to its socket's loop.
final class Credentials: TimerEntry {
    /// A longer token is none, in bytes; clients that keep one in a cookie or a header could have none of a quarter of this.
    static let maxTokenBytes = 65_536

    var timerPlace = TimerPlace()
    private weak var session: SocketSession?
    private let timers: LoopTimers
    /// nil: everything, for ever.
    private(set) var terms: GrantTerms?
    private var refreshes: TokenBucket
    /// Set while a token is being looked at.
    private var cancelRefresh: (() -> Void)?
    private(set) var isRefreshing = false

    init(_ session: SocketSession, _ grant: SocketGrant?) {
        self.session = session
        timers = session.loop.context.timers
        let options = session.definition.options
        let rate = RateLimit(
            perSecond: Double(options.maxRefreshesPerMinute) / 60, burst: options.maxRefreshesPerMinute)
        refreshes = TokenBucket(rate, now: timers.now)
        replace(grant)
    }

    /// From now on this is allowed. `arm` follows.
    func replace(_ grant: SocketGrant?) {
        let leeway = session?.definition.options.grantLeeway ?? .zero
        terms = grant.map { GrantTerms($0, leeway: leeway, now: timers.now) }
    }

    func access(to topic: String) -> GrantTerms.Access {
        terms?.access(to: topic, timers.now) ?? .granted(isRestricted: false)
    }

    func allows(_ event: String, on topic: String) -> Bool {
        terms?.allows(event, on: topic, timers.now) ?? true
    }

    // MARK: fresh tokens

    /// - Returns: nil when a token may be presented, otherwise after how many milliseconds.
    func waitForRefresh() -> Int? { refreshes.take(now: timers.now) }

    func refreshBegins() { isRefreshing = true }

    /// - Parameter cancel: ends what was begun, unless that has ended already.
    func refreshGoesOn(_ cancel: @escaping () -> Void) {
        if isRefreshing { cancelRefresh = cancel }
    }

    func refreshEnded() {
        isRefreshing = false
        cancelRefresh = nil
    }

    // MARK: time

    func arm() {
        let now = timers.now
        // It may have ended between `connect` and the first moment of the connection.
        let next = terms.flatMap { $0.hasEnded(now) ? now : $0.nextEnd(after: now) }
        if let next { timers.schedule(self, at: next) } else { timers.cancel(self) }
    }

    func timerFired() {
        session?.grantChanged()
    }

    /// The connection is gone.
    func end() {
        timers.cancel(self)
        cancelRefresh?()
        refreshEnded()
    }
}

@available(*, unavailable)
extension Credentials: Sendable {}
