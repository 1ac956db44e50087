// Firecrest — tests of the timer wheel.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import Testing

@Suite struct TimerWheelTests {
    private final class Entry: TimerEntry {
        let name: Int
        var timerPlace = TimerPlace()

        init(_ name: Int) {
            self.name = name
        }

        func timerFired() {}
    }

    /// The furthest that a deadline can be away.
    private static let span: UInt64 = 63 << 30

    /// What one step to `now` takes out, in order.
    private func advance(_ wheel: inout TimerWheel, to now: UInt64) -> [Int] {
        var fired: [Int] = []
        wheel.advance(to: now) { entry in
            if let entry = entry as? Entry { fired.append(entry.name) }
        }
        return fired
    }

    @Test func an_empty_wheel_has_nothing_to_do() {
        var wheel = TimerWheel()
        #expect(wheel.nextDeadline == nil)
        #expect(advance(&wheel, to: 1_000_000) == [])
        #expect(wheel.nextDeadline == nil)
    }

    @Test(arguments: [1, 2, 63, 64, 65, 4_095, 4_096, 4_097, 262_143, 262_144, 1 << 30] as [UInt64])
    func an_entry_fires_at_its_deadline_and_not_before(deadline: UInt64) {
        var wheel = TimerWheel()
        let entry = Entry(1)
        wheel.schedule(entry, at: deadline)
        #expect(entry.timerPlace.isScheduled)
        #expect(advance(&wheel, to: deadline - 1) == [])
        #expect(advance(&wheel, to: deadline) == [1])
        #expect(!entry.timerPlace.isScheduled)
        #expect(advance(&wheel, to: deadline + 1_000_000) == [])
    }

    @Test func a_deadline_that_has_passed_fires_at_the_next_step() {
        var wheel = TimerWheel()
        _ = advance(&wheel, to: 100)
        wheel.schedule(Entry(1), at: 50)
        #expect(advance(&wheel, to: 100) == [])
        #expect(advance(&wheel, to: 101) == [1])
    }

    @Test func one_step_fires_in_the_order_of_deadlines() {
        var wheel = TimerWheel()
        let deadlines: [UInt64] = [700, 5, 70_000, 64, 63, 4_096, 65, 1]
        for deadline in deadlines { wheel.schedule(Entry(Int(deadline)), at: deadline) }
        #expect(advance(&wheel, to: 100_000) == deadlines.sorted().map { Int($0) })
    }

    @Test func scheduling_again_moves_an_entry() {
        var wheel = TimerWheel()
        let entry = Entry(1)
        wheel.schedule(entry, at: 10)
        wheel.schedule(entry, at: 5_000)
        #expect(advance(&wheel, to: 4_999) == [])
        wheel.schedule(entry, at: 5_001)
        #expect(advance(&wheel, to: 5_001) == [1])
    }

    @Test func a_cancelled_entry_does_not_fire() {
        var wheel = TimerWheel()
        let entries = (0..<10).map { Entry($0) }
        for entry in entries { wheel.schedule(entry, at: 10) }
        wheel.cancel(entries[3])
        wheel.cancel(entries[9])
        wheel.cancel(entries[0])
        wheel.cancel(entries[0])
        #expect(advance(&wheel, to: 10).sorted() == [1, 2, 4, 5, 6, 7, 8])
    }

    @Test func a_deadline_beyond_the_wheel_is_cut_to_its_span() {
        var wheel = TimerWheel()
        _ = advance(&wheel, to: 12_345)
        wheel.schedule(Entry(1), at: .max)
        #expect(advance(&wheel, to: 12_345 + Self.span - 1) == [])
        #expect(advance(&wheel, to: 12_345 + Self.span) == [1])
    }

    /// Random schedules, moves, cancellations and steps, against a dictionary of deadlines.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func it_does_what_a_naive_model_does(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var wheel = TimerWheel()
        let entries = (0..<50).map { Entry($0) }
        var model: [Int: UInt64] = [:]
        var now: UInt64 = 0
        for _ in 0..<3_000 {
            let entry = entries[Int.random(in: entries.indices, using: &generator)]
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                // Near and far alike: the number of bits is what is chosen evenly.
                let bits = UInt64.random(in: 0...37, using: &generator)
                let deadline = now + UInt64.random(in: 0...(1 << bits), using: &generator)
                wheel.schedule(entry, at: deadline)
                model[entry.name] = min(max(deadline, now + 1), now + (63 << 30))
            case 5:
                wheel.cancel(entry)
                model[entry.name] = nil
            default:
                let bits = UInt64.random(in: 0...35, using: &generator)
                // Often right to a deadline, where being off by one shows.
                if Bool.random(using: &generator), let next = wheel.nextDeadline {
                    now = max(now, next)
                } else {
                    now += UInt64.random(in: 0...(1 << bits), using: &generator)
                }
                let due = model.filter { $0.value <= now }
                let fired = advance(&wheel, to: now)
                #expect(fired.sorted() == due.keys.sorted())
                let order = fired.compactMap { model[$0] }
                #expect(order == order.sorted())
                for name in fired { model[name] = nil }
            }
            for entry in entries {
                #expect(entry.timerPlace.isScheduled == (model[entry.name] != nil))
            }
            // The wheel may want to be called before the first deadline, to move entries down, but never after it.
            if let first = model.values.min() {
                #expect(wheel.nextDeadline.map { $0 > now && $0 <= first } == true)
            } else {
                #expect(wheel.nextDeadline == nil)
            }
        }
    }
}
