// Firecrest — how long workers may take, and how often they may end.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest

/// Limits of the supervising process. All are on.
public struct WorkersLimits: Sendable, Hashable {
    /// Workers that may end and be started again, over all slots, before the supervising process gives up, ends the others
    /// and itself with an error: what starts it (systemd, a container) can then do more than it could. Defaults to 60 in
    /// 60 s: with the delays of `delay(afterShortLives:)` a worker that never starts uses up some 20 of them.
    public var restarts = RestartIntensity(60, in: .seconds(60))
    /// A worker that ended within this time of its start lived a short life: the next start of its slot but the first is
    /// delayed. Defaults to 10 s.
    public var shortLife: Duration = .seconds(10)
    /// The most that a start is delayed by. The delay after the second short life in a row is 100 ms, and doubles with each.
    /// Defaults to 5 s.
    public var maxDelay: Duration = .seconds(5)
    /// How often in a row it is tried to start a worker that takes the place of one that serves (SIGHUP), with the same
    /// delays. Then the old ones stay, until they are asked to be replaced again. What takes the place of a worker that is
    /// stuck or gone is tried for as long as `restarts` lets it. Defaults to 5: within a second, so that a bad moment
    /// does not matter and a bad version is known soon.
    public var replacementTries = 5
    /// How long a worker may take from its start until it serves; then it is killed, and counts as ended. Defaults to 30 s.
    public var startTimeout: Duration = .seconds(30)
    /// How long a worker may take to end after it was asked to; then it is killed. Defaults to 45 s: longer than its
    /// endpoint may take to drain (30 s) and to close what is left (10 s).
    public var stopTimeout: Duration = .seconds(45)

    public init() {}

    /// The first time at once: most ends have nothing to do with the start.
    func delay(afterShortLives count: Int) -> Duration {
        guard count > 1 else { return .zero }
        return min(maxDelay, .milliseconds(100) * (1 << min(count - 2, 16)))
    }
}
