// Firecrest — many coarse timers of one loop, without an allocation each.
// SPDX-License-Identifier: Apache-2.0

/// Something that wants to be woken once. Scheduling it again moves it.
///
/// The wheel keeps its notes in the entry itself, so that a connection is its own timer and costs no further object.
///
/// Isolation: belongs to the loop of its wheel.
package protocol TimerEntry: AnyObject {
    /// The wheel's; starts as `TimerPlace()`.
    var timerPlace: TimerPlace { get set }

    /// Called once when the time has come. May schedule the entry again.
    func timerFired()
}

/// Where in its wheel an entry stands.
package struct TimerPlace {
    fileprivate var deadline: UInt64 = 0
    fileprivate var position: Int32 = -1
    fileprivate var level: UInt8 = 0
    fileprivate var slot: UInt8 = 0

    package init() {}

    package var isScheduled: Bool { position >= 0 }
}

/// A hierarchical timer wheel: six levels of 64 slots, each slot of a level as long as the whole level below.
///
/// Scheduling, moving and cancelling take constant time. Times are whole ticks since the wheel began; what a tick is, and
/// when to call `advance`, is the owner's business, so a test drives it with a clock of its own. Deadlines further away
/// than 63 slots of the highest level (63 · 64⁵ ticks) are cut to that.
package struct TimerWheel {
    private static let levelBits: UInt64 = 6
    private static let slots = 64
    private static let levels = 6
    /// One slot less than a whole turn of the highest level: a deadline a turn away would land in the present slot and be
    /// taken for due, for ever.
    private static let maxTicks: UInt64 = UInt64(slots - 1) << (levelBits * UInt64(levels - 1))

    private var entries: [[ContiguousArray<any TimerEntry>]]
    private var occupied: [UInt64]
    private var elapsed: UInt64 = 0

    package init() {
        entries = Array(repeating: Array(repeating: [], count: Self.slots), count: Self.levels)
        occupied = Array(repeating: 0, count: Self.levels)
    }

    /// Wakes `entry` at `deadline` or, if that has passed, at the next `advance`.
    package mutating func schedule(_ entry: any TimerEntry, at deadline: UInt64) {
        if entry.timerPlace.isScheduled { cancel(entry) }
        entry.timerPlace.deadline = min(max(deadline, elapsed + 1), elapsed + Self.maxTicks)
        insert(entry)
    }

    package mutating func cancel(_ entry: any TimerEntry) {
        let position = Int(entry.timerPlace.position)
        guard position >= 0 else { return }
        let (level, slot) = (Int(entry.timerPlace.level), Int(entry.timerPlace.slot))
        entry.timerPlace.position = -1
        let last = entries[level][slot].removeLast()
        if last !== entry {
            entries[level][slot][position] = last
            last.timerPlace.position = Int32(position)
        }
        if entries[level][slot].isEmpty {
            occupied[level] &= ~(1 << UInt64(slot))
            entries[level][slot] = []
        }
    }

    /// When `advance` has something to do next; nil when no entry is scheduled.
    package var nextDeadline: UInt64? { nextExpiration()?.deadline }

    /// Takes the entries out whose time has come, oldest deadline first, and hands each to `fire`.
    ///
    /// The wheel is consistent while `fire` runs only if `fire` does not touch it; the owner collects the entries and
    /// wakes them afterwards.
    ///
    /// - Parameter limit: no further slot is emptied once this many entries were handed over.
    /// - Returns: whether nothing is due any more.
    @discardableResult
    package mutating func advance(to now: UInt64, atMost limit: Int = .max, fire: (any TimerEntry) -> Void) -> Bool {
        var fired = 0
        while let next = nextExpiration(), next.deadline <= now {
            guard fired < limit else { return false }
            let due = entries[next.level][next.slot]
            entries[next.level][next.slot] = []
            occupied[next.level] &= ~(1 << UInt64(next.slot))
            elapsed = max(elapsed, next.deadline)
            for entry in due {
                entry.timerPlace.position = -1
                if entry.timerPlace.deadline <= elapsed {
                    fired += 1
                    fire(entry)
                } else {
                    insert(entry)
                }
            }
        }
        elapsed = max(elapsed, now)
        return true
    }

    private mutating func insert(_ entry: any TimerEntry) {
        // The highest bit in which deadline and present differ names the level on which they part.
        let difference = (elapsed ^ entry.timerPlace.deadline) | UInt64(Self.slots - 1)
        let level = min(Int(UInt64(63 - difference.leadingZeroBitCount) / Self.levelBits), Self.levels - 1)
        let slot = Int((entry.timerPlace.deadline >> (UInt64(level) * Self.levelBits)) & UInt64(Self.slots - 1))
        entry.timerPlace.level = UInt8(level)
        entry.timerPlace.slot = UInt8(slot)
        entry.timerPlace.position = Int32(entries[level][slot].count)
        entries[level][slot].append(entry)
        occupied[level] |= 1 << UInt64(slot)
    }

    private func nextExpiration() -> (level: Int, slot: Int, deadline: UInt64)? {
        for level in 0..<Self.levels where occupied[level] != 0 {
            let shift = UInt64(level) * Self.levelBits
            let present = (elapsed >> shift) & UInt64(Self.slots - 1)
            // Slots before the present one belong to the level's next turn.
            let bits = occupied[level]
            let rotated = present == 0 ? bits : (bits >> present) | (bits << (64 - present))
            let slot = Int((UInt64(rotated.trailingZeroBitCount) + present) & UInt64(Self.slots - 1))
            let levelSpan: UInt64 = 1 << (shift + Self.levelBits)
            var deadline = (elapsed & ~(levelSpan - 1)) + (UInt64(slot) << shift)
            if UInt64(slot) < present { deadline += levelSpan }
            return (level, slot, deadline)
        }
        return nil
    }
}
