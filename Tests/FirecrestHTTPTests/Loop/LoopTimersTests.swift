// Firecrest — tests of the loop's timers, with a clock that only the test moves.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import NIOCore
import Testing

@Suite struct LoopTimersTests {
    /// Remembers the last request to be woken.
    private final class FakeDriver: TimerDriver {
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        private(set) var wakeAt: NIODeadline?
        private(set) var wakeRequests = 0

        func wake(at deadline: NIODeadline) {
            wakeAt = deadline
            wakeRequests += 1
        }

        /// Lets time pass and wakes when it was asked to, as a real clock does.
        func pass(_ amount: TimeAmount, _ timers: LoopTimers) {
            let end = now + amount
            while let next = wakeAt, next <= end {
                now = max(now, next)
                wakeAt = nil
                timers.run()
            }
            now = end
        }
    }

    private final class Entry: TimerEntry {
        var timerPlace = TimerPlace()
        var fired = 0
        var whenFired: () -> Void = {}

        func timerFired() {
            fired += 1
            whenFired()
        }
    }

    private let driver = FakeDriver()
    private let timers: LoopTimers

    init() {
        timers = LoopTimers(driver: driver)
    }

    @Test func what_is_due_together_is_woken_in_parts_with_room_between_them() {
        var waiting: [() -> Void] = []
        timers.later = { waiting.append($0) }
        let entries = (0..<5_000).map { _ in Entry() }
        // Over eighty ticks, all of them past when the loop gets to it.
        for (number, entry) in entries.enumerated() {
            timers.schedule(entry, after: .milliseconds(Int64(number % 80) * 8))
        }
        driver.now = driver.now + .seconds(1)
        timers.run()
        var parts = 1
        while !waiting.isEmpty {
            let fired = entries.count { $0.fired == 1 }
            #expect(fired < parts * (LoopTimers.maxWoken + 5_000 / 80))
            let next = waiting.removeFirst()
            next()
            parts += 1
        }
        #expect((9...10).contains(parts))
        #expect(entries.allSatisfy { $0.fired == 1 })
        // The clock is asked again afterwards.
        let entry = Entry()
        timers.schedule(entry, after: .milliseconds(8))
        driver.pass(.milliseconds(16), timers)
        #expect(entry.fired == 1)
    }

    @Test func an_entry_fires_never_early_and_at_most_one_tick_late() {
        for milliseconds in [1, 7, 8, 9, 100, 1_000, 60_000, 3_600_000] as [Int64] {
            let entry = Entry()
            timers.schedule(entry, after: .milliseconds(milliseconds))
            driver.pass(.milliseconds(milliseconds) - .nanoseconds(1), timers)
            #expect(entry.fired == 0, "\(milliseconds) ms")
            driver.pass(.milliseconds(8) + .nanoseconds(1), timers)
            #expect(entry.fired == 1, "\(milliseconds) ms")
        }
    }

    @Test func an_entry_fires_once() {
        let entry = Entry()
        timers.schedule(entry, after: .seconds(1))
        driver.pass(.seconds(10), timers)
        #expect(entry.fired == 1)
        #expect(driver.wakeAt == nil)
    }

    @Test func a_delay_of_nothing_or_less_fires_at_the_next_tick() {
        let entry = Entry()
        timers.schedule(entry, after: .seconds(-5))
        #expect(entry.fired == 0)
        driver.pass(.milliseconds(8), timers)
        #expect(entry.fired == 1)
    }

    @Test func a_thousand_entries_of_one_tick_wake_the_loop_once() {
        let entries = (0..<1_000).map { _ in Entry() }
        for entry in entries { timers.schedule(entry, after: .milliseconds(100)) }
        #expect(driver.wakeRequests == 1)
        driver.pass(.milliseconds(108), timers)
        #expect(entries.allSatisfy { $0.fired == 1 })
    }

    @Test func an_earlier_entry_moves_the_wake_up_forward() throws {
        timers.schedule(Entry(), after: .seconds(10))
        let late = try #require(driver.wakeAt)
        let entry = Entry()
        timers.schedule(entry, after: .seconds(1))
        #expect(try #require(driver.wakeAt) < late)
        driver.pass(.milliseconds(1_008), timers)
        #expect(entry.fired == 1)
        #expect(driver.wakeAt != nil, "the later one is still to come")
    }

    @Test func a_cancelled_entry_does_not_fire() {
        let entry = Entry()
        timers.schedule(entry, after: .seconds(1))
        timers.cancel(entry)
        driver.pass(.seconds(10), timers)
        #expect(entry.fired == 0)
    }

    @Test func an_entry_may_schedule_itself_again() {
        let entry = Entry()
        let timers = timers
        entry.whenFired = { [unowned entry] in timers.schedule(entry, after: .milliseconds(80)) }
        timers.schedule(entry, after: .milliseconds(80))
        driver.pass(.milliseconds(808), timers)
        #expect(entry.fired == 10)
    }

    /// Both are due; the first moves the second, which is then not due any more.
    @Test func an_entry_that_another_one_moves_fires_at_its_new_time_only() {
        let (first, second) = (Entry(), Entry())
        let timers = timers
        for (one, other) in [(first, second), (second, first)] {
            one.whenFired = { [unowned one, unowned other] in
                one.whenFired = {}
                other.whenFired = {}
                timers.schedule(other, after: .seconds(1))
            }
            timers.schedule(one, after: .milliseconds(80))
        }
        driver.pass(.milliseconds(88), timers)
        #expect(first.fired + second.fired == 1)
        driver.pass(.milliseconds(1_008), timers)
        #expect(first.fired == 1)
        #expect(second.fired == 1)
    }

    /// What somebody means who writes "never".
    @Test(arguments: [TimeAmount.nanoseconds(.max), .hours(24 * 365 * 100), .hours(24 * 365 * 17)])
    func a_delay_of_decades_does_no_harm(delay: TimeAmount) {
        let (never, entry) = (Entry(), Entry())
        driver.pass(.seconds(100), timers)
        timers.schedule(never, after: delay)
        timers.schedule(entry, after: .seconds(1))
        driver.pass(.hours(1), timers)
        #expect(entry.fired == 1)
        #expect(never.fired == 0)
    }

    @Test func the_clock_may_jump_forward() {
        let entries = (1...100).map { _ in Entry() }
        for (index, entry) in entries.enumerated() { timers.schedule(entry, after: .seconds(Int64(index + 1))) }
        driver.now = driver.now + .hours(1)
        timers.run()
        #expect(entries.allSatisfy { $0.fired == 1 })
    }
}
