// Firecrest — a clock that moves when a test says so.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import Firecrest
internal import NIOCore

/// The time of a `ChannelTest`. It starts at zero and stands still until it is moved.
public struct VirtualClock: Sendable {
    private let endpoint: LoopbackEndpoint

    init(endpoint: LoopbackEndpoint) {
        self.endpoint = endpoint
    }

    /// Moves the time on and wakes every timer that falls due, each at its own time, in order.
    ///
    /// When this returns, what the timers did has been handled, unless they started async work.
    public func advance(by duration: Duration) async throws {
        try await endpoint.withTimers { timers in
            (timers.driver as? VirtualTimerDriver)?.advance(by: TimeAmount(duration), timers)
        }
    }
}

/// Isolation: belongs to the test's loop.
final class VirtualTimerDriver: TimerDriver {
    private(set) var now = NIODeadline.uptimeNanoseconds(0)
    private var wanted: NIODeadline?

    func wake(at deadline: NIODeadline) {
        wanted = deadline
    }

    func advance(by amount: TimeAmount, _ timers: LoopTimers) {
        let target = now + amount
        while let next = wanted, next <= target {
            wanted = nil
            now = max(now, next)
            timers.run()
        }
        now = target
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}
