// Firecrest — the subscribers of one topic on one loop, and the broadcasts they have yet to get.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// Isolation: belongs to its loop.
final class TopicList {
    let topic: String
    /// nil where a subscriber left while a slice was under way; closed up when nothing is pending.
    private var entries: [(any Subscriber)?] = []
    private var pending: Deque<(delivery: Delivery, number: UInt64)> = []
    private var cursor = 0
    private var holes = 0
    private var accepted: UInt64 = 0

    init(topic: String) {
        self.topic = topic
    }

    var isEmpty: Bool { entries.count == holes }
    var hasPending: Bool { !pending.isEmpty }

    func add(_ subscriber: any Subscriber) {
        subscriber.place.topicList = self
        subscriber.place.position = entries.count
        subscriber.place.since = accepted
        entries.append(subscriber)
    }

    func remove(_ subscriber: any Subscriber) {
        let position = subscriber.place.position
        guard subscriber.place.topicList === self, entries.indices.contains(position), entries[position] === subscriber
        else { return }
        subscriber.place.topicList = nil
        if hasPending {
            // Positions must not move under the cursor.
            entries[position] = nil
            holes += 1
            return
        }
        let last = entries.removeLast()
        if let last, last !== subscriber {
            entries[position] = last
            last.place.position = position
        }
    }

    func accept(_ delivery: Delivery) {
        pending.append((delivery, accepted))
        accepted &+= 1
    }

    /// Delivers to at most `budget` subscribers. Returns how many were reached.
    func deliver(budget: Int) -> Int {
        var reached = 0
        while let (delivery, number) = pending.first {
            let except = delivery.record.except
            while cursor < entries.count {
                guard reached < budget else { return reached }
                let subscriber = entries[cursor]
                cursor += 1
                guard let subscriber, subscriber.place.since <= number, subscriber.id != except else { continue }
                reached += 1
                subscriber.receive(delivery)
            }
            pending.removeFirst()
            cursor = 0
        }
        if holes > 0 { closeHoles() }
        return reached
    }

    /// Delivers what is pending to one subscriber; its turn then passes it over.
    func catchUp(_ subscriber: any Subscriber) {
        guard let first = pending.first, subscriber.place.since < accepted else { return }
        // The one under way has reached everybody before the cursor.
        let next = subscriber.place.position < cursor ? first.number + 1 : first.number
        let from = max(next, subscriber.place.since)
        subscriber.place.since = accepted
        guard from < accepted else { return }
        // A copy: a subscriber may broadcast from within `receive`.
        for (delivery, number) in Array(pending) where number >= from && delivery.record.except != subscriber.id {
            guard subscriber.place.topicList === self else { return }
            subscriber.receive(delivery)
        }
    }

    /// The loop goes: its subscribers must not be kept by a list that they keep.
    func dissolve() {
        for entry in entries { entry?.place.topicList = nil }
        entries = []
        pending = []
    }

    private func closeHoles() {
        entries.removeAll { $0 == nil }
        for (position, entry) in entries.enumerated() {
            entry?.place.position = position
        }
        holes = 0
    }
}
