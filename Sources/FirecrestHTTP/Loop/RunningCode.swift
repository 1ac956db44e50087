// Firecrest — which code of the user an event loop runs, for another thread to read while the loop is blocked.
// SPDX-License-Identifier: Apache-2.0

internal import NIOConcurrencyHelpers
internal import Synchronization

/// What a loop runs now: an object that knows its own name, and a number that means something to it.
///
/// The loop writes two words before it calls and two after; that is all that a message has of it. Another thread may read
/// them at any time, and follow the pointer with the lock held. What keeps the object in memory meanwhile is that every
/// object that was ever entered passes the same lock between its last `leave` and its end (`pass`): a reader either still
/// finds it and holds the lock, or does not find it any more.
package final class RunningCode: Sendable {
    /// What ran before, to go back to: code calls code, as where a broadcast is intercepted.
    package struct Place {
        fileprivate let object: UInt
        fileprivate let number: Int
    }

    /// The kinds of objects; two, for objects lie at even addresses.
    package enum Kind: UInt {
        case channel = 0
        case callback = 1
    }

    private let object = Atomic<UInt>(0)
    private let number = Atomic<Int>(0)
    private let reading = NIOLock()

    package init() {}

    // MARK: on the loop

    package func enter(_ kind: Kind, _ running: AnyObject, _ number: Int) -> Place {
        let before = Place(object: object.load(ordering: .relaxed), number: self.number.load(ordering: .relaxed))
        self.number.store(number, ordering: .relaxed)
        let pointer = UInt(bitPattern: Unmanaged.passUnretained(running).toOpaque())
        object.store(pointer | kind.rawValue, ordering: .releasing)
        return before
    }

    package func leave(_ before: Place) {
        number.store(before.number, ordering: .relaxed)
        object.store(before.object, ordering: .releasing)
    }

    /// Waits until nobody reads. After the last `leave` of an object and before its end.
    package func pass() {
        reading.withLockVoid {}
    }

    // MARK: on any thread

    /// What `name` makes of the object that runs and its number; nil while none does. The object belongs to its loop: `name`
    /// may read what never changes and keep nothing of it but copies.
    package func read<Name>(_ name: (Kind, UnsafeRawPointer, Int) -> Name?) -> Name? {
        reading.withLock {
            let found = object.load(ordering: .acquiring)
            guard let pointer = UnsafeRawPointer(bitPattern: found & ~1) else { return nil }
            let number = number.load(ordering: .relaxed)
            let name = name(found & 1 == 0 ? .channel : .callback, pointer, number)
            // Object and number are of one call only if neither has changed.
            let isOne = object.load(ordering: .acquiring) == found && self.number.load(ordering: .relaxed) == number
            return isOne ? name : nil
        }
    }
}

/// The name of running code, fit to be logged.
package struct RunningName: Sendable, Hashable {
    /// The type of the channel or socket.
    package var type: String
    /// nil where there is none: `connect`.
    package var topic: String?
    /// An event, or a callback's name as `join`.
    package var event: String

    package init(type: String, topic: String?, event: String) {
        self.type = type
        self.topic = topic
        self.event = event
    }
}
