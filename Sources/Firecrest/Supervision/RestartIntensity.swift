// Firecrest — how often something may be started again before its supervisor gives up.
// SPDX-License-Identifier: Apache-2.0

/// At most so many restarts in any period of such length, as a supervisor's `intensity` and `period` in OTP.
public struct RestartIntensity: Sendable, Hashable, CustomStringConvertible {
    /// Restarts within one period that are still made; the next one is not. 0: none is made.
    public var maxRestarts: Int
    /// The length of the period that looks back from each restart.
    public var period: Duration

    public init(_ maxRestarts: Int, in period: Duration) {
        self.maxRestarts = maxRestarts
        self.period = period
    }

    public var description: String { "\(maxRestarts) restarts in \(period)" }
}

/// Counts restarts against an intensity.
package struct RestartBudget {
    private let intensity: RestartIntensity
    /// Oldest first, none older than a period; no more than `maxRestarts`.
    private var restarts: [ContinuousClock.Instant] = []

    package init(_ intensity: RestartIntensity) {
        self.intensity = intensity
    }

    /// Whether one more restart may be made now; it is counted then.
    package mutating func take(now: ContinuousClock.Instant) -> Bool {
        // Exactly one period old still counts, as in OTP.
        restarts.removeAll { now - $0 > intensity.period }
        guard restarts.count < intensity.maxRestarts else { return false }
        restarts.append(now)
        return true
    }
}
