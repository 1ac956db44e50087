// Firecrest — the timer wheel of one loop together with the clock that drives it.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The clock of one loop: tells the time and wakes `LoopTimers` when asked. Real loops and tests have one each.
///
/// Isolation: belongs to its loop.
package protocol TimerDriver: AnyObject {
    /// Nanoseconds on a clock that never goes back.
    var now: NIODeadline { get }

    /// Asks for one call of `LoopTimers.run` at `deadline`, in place of any earlier request.
    func wake(at deadline: NIODeadline)
}

/// Schedules `TimerEntry`s in ticks of 8 ms: idle connections, close handshakes, delayed replies.
///
/// Coarse on purpose: with one tick for many deadlines, thousands of idle connections wake the loop rarely.
///
/// Isolation: belongs to its loop.
package final class LoopTimers {
    package static let tick: TimeAmount = .milliseconds(8)
    /// Entries that are woken in one go. When ten thousand connections are due together, clients that are well are
    /// answered in between.
    package static let maxWoken = 512

    package let driver: any TimerDriver
    private let start: NIODeadline
    private var wheel = TimerWheel()
    private var armed: NIODeadline?
    /// More is due than was woken; `later` goes on with it.
    private var isBehind = false
    /// Runs what it is given after the loop has looked at its sockets. Without it, all that is due is woken at once.
    package var later: ((@escaping () -> Void) -> Void)?

    package init(driver: any TimerDriver) {
        self.driver = driver
        self.start = driver.now
    }

    package var now: NIODeadline { driver.now }

    /// Wakes `entry` after `delay`, up to one tick late, never early.
    package func schedule(_ entry: any TimerEntry, after delay: TimeAmount) {
        schedule(entry, at: driver.now + max(.zero, delay))
    }

    package func schedule(_ entry: any TimerEntry, at deadline: NIODeadline) {
        wheel.schedule(entry, at: ticks(deadline, roundingUp: true))
        arm()
    }

    package func cancel(_ entry: any TimerEntry) {
        wheel.cancel(entry)
    }

    /// Wakes the entries whose time has come, some hundred at a time. The driver calls it.
    package func run() {
        armed = nil
        var due: [any TimerEntry] = []
        let limit = later == nil ? Int.max : Self.maxWoken
        isBehind = !wheel.advance(to: ticks(driver.now, roundingUp: false), atMost: limit) { due.append($0) }
        for entry in due where !entry.timerPlace.isScheduled {
            entry.timerFired()
        }
        if isBehind {
            later? { self.run() }
        } else {
            arm()
        }
    }

    private func arm() {
        guard !isBehind, let next = wheel.nextDeadline else { return }
        let deadline = start + .nanoseconds(Int64(clamping: next) * Self.tick.nanoseconds)
        if let armed, armed <= deadline { return }
        armed = deadline
        driver.wake(at: deadline)
    }

    private func ticks(_ deadline: NIODeadline, roundingUp: Bool) -> UInt64 {
        let nanoseconds = max(0, (deadline - start).nanoseconds)
        let tick = Self.tick.nanoseconds
        return UInt64((nanoseconds + (roundingUp ? tick - 1 : 0)) / tick)
    }
}

@available(*, unavailable)
extension LoopTimers: Sendable {}

/// The real clock: an event loop's scheduled callback.
final class EventLoopTimerDriver: TimerDriver, NIOScheduledCallbackHandler {
    private let eventLoop: any EventLoop
    private var callback: NIOScheduledCallback?
    /// Set once, right after both exist; the timers own the driver.
    weak var timers: LoopTimers?

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    var now: NIODeadline { .now() }

    func wake(at deadline: NIODeadline) {
        callback?.cancel()
        callback = try? eventLoop.assumeIsolated().scheduleCallback(at: deadline, handler: self)
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        callback = nil
        timers?.run()
    }
}
