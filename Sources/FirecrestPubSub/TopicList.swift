// Firecrest — the subscribers of one topic on one loop, and the broadcasts they have yet to get.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// Isolation: belongs to its loop.
final class TopicList {
    /// What a delivery asks of a subscriber stands beside it: no other memory is read for one that is passed over.
    private struct Entry {
        let subscriber: any Subscriber
        let id: SubscriberID
        /// Deliveries numbered below this were accepted before the subscription, or have been caught up with.
        var since: UInt64
    }

    let topic: String
    /// nil for a topic that never was large.
    var heat: TopicHeat?
    /// nil where a subscriber left while a slice was under way; closed up when nothing is pending.
    private var entries: [Entry?] = []
    private var pending: Deque<Delivery> = []
    private var cursor = 0
    private var holes = 0
    /// The number that the next delivery gets.
    private var accepted: UInt64 = 0
    /// How many of the pending ones are being delivered together; 0 between rounds.
    private var roundCount = 0
    /// Those of the round, if they are several.
    private var batch: Batch?
    /// Who gets those of the round one by one just now: it is before the cursor, yet has not had all of them.
    private var partial: Int?
    /// Somebody has fallen behind, or caught up, since the entries were put in order.
    var isUnsorted = false

    init(topic: String) {
        self.topic = topic
    }

    var isEmpty: Bool { entries.count == holes }
    var count: Int { entries.count - holes }
    var hasPending: Bool { !pending.isEmpty }
    var pendingCount: Int { pending.count }

    private var firstNumber: UInt64 { accepted - UInt64(pending.count) }

    func add(_ subscriber: any Subscriber) {
        subscriber.place.topicList = self
        subscriber.place.tell(isBehind: false)
        subscriber.place.position = entries.count
        entries.append(Entry(subscriber: subscriber, id: subscriber.id, since: accepted))
    }

    func remove(_ subscriber: any Subscriber) {
        let position = subscriber.place.position
        guard subscriber.place.topicList === self, entries.indices.contains(position),
            entries[position]?.subscriber === subscriber
        else { return }
        subscriber.place.topicList = nil
        if hasPending {
            // Positions must not move under the cursor.
            entries[position] = nil
            holes += 1
            return
        }
        let last = entries.removeLast()
        if let last, last.subscriber !== subscriber {
            entries[position] = last
            last.subscriber.place.position = position
        }
    }

    func accept(_ delivery: Delivery) {
        pending.append(delivery)
        accepted &+= 1
    }

    /// Delivers to at most `budget` subscribers. Returns how many were reached.
    ///
    /// - Parameter flush: called after every few: what a connection needs to write is then still at hand.
    func deliver(budget: Int, flush: () -> Void) -> Int {
        var reached = 0
        while !pending.isEmpty {
            if roundCount == 0 { beginRound() }
            let first = firstNumber
            let end = first + UInt64(roundCount)
            while cursor < entries.count {
                guard reached < budget else { return reached }
                let entry = entries[cursor]
                cursor += 1
                guard let entry, entry.since < end else { continue }
                reached += hand(entry, first: first)
                if reached % LoopTopics.flushSize == LoopTopics.flushSize - 1 { flush() }
            }
            pending.removeFirst(roundCount)
            roundCount = 0
            batch = nil
            cursor = 0
        }
        if holes > 0 || isUnsorted { arrange() }
        return reached
    }

    /// What waits goes out together, as far as it is small.
    private func beginRound() {
        roundCount = 1
        var bytes = pending[0].broadcast.payloadBytes
        while roundCount < pending.count {
            bytes += pending[roundCount].broadcast.payloadBytes
            guard bytes <= Batch.maxBytes else { break }
            roundCount += 1
        }
        batch = roundCount > 1 ? Batch(Array(pending[..<roundCount])) : nil
    }

    /// Gives a subscriber what it gets of the round. Returns what that counts for.
    private func hand(_ entry: Entry, first: UInt64) -> Int {
        let subscriber = entry.subscriber
        guard let batch else {
            let delivery = pending[0]
            guard delivery.broadcast.except != entry.id else { return 0 }
            subscriber.receive(delivery)
            return 1
        }
        if entry.since <= first, !batch.exceptions.contains(entry.id), subscriber.receive(batch) { return 1 }
        let position = subscriber.place.position
        partial = position
        defer { partial = nil }
        for (offset, delivery) in batch.deliveries.enumerated() {
            let number = first + UInt64(offset)
            // It may leave, or catch up, from within `receive`.
            guard subscriber.place.topicList === self, let since = entries[position]?.since else { break }
            guard number >= since else { continue }
            entries[position]?.since = number + 1
            if delivery.broadcast.except != entry.id { subscriber.receive(delivery) }
        }
        return 1
    }

    /// Delivers what is pending to one subscriber; its turn then passes it over.
    func catchUp(_ subscriber: any Subscriber) {
        let position = subscriber.place.position
        guard !pending.isEmpty, let entry = entries[position], entry.since < accepted else { return }
        let first = firstNumber
        // The round under way has reached everybody before the cursor.
        let next = position < cursor && position != partial ? first + UInt64(roundCount) : first
        let from = max(next, entry.since)
        entries[position]?.since = accepted
        guard from < accepted else { return }
        // A copy: a subscriber may broadcast from within `receive`.
        for delivery in Array(pending.dropFirst(Int(from - first))) where delivery.broadcast.except != entry.id {
            guard subscriber.place.topicList === self else { return }
            subscriber.receive(delivery)
        }
    }

    /// The loop goes: its subscribers must not be kept by a list that they keep.
    func dissolve() {
        for entry in entries { entry?.subscriber.place.topicList = nil }
        entries = []
        pending = []
        roundCount = 0
        batch = nil
    }

    /// Closes the holes, and puts whoever is behind at the end: what is queued for them shall keep nobody else waiting.
    private func arrange() {
        let subscribed = entries.filter { $0 != nil }
        entries = subscribed.filter { $0?.subscriber.place.isBehind == false }
        if entries.count < subscribed.count {
            entries += subscribed.filter { $0?.subscriber.place.isBehind == true }
        }
        for (position, entry) in entries.enumerated() {
            entry?.subscriber.place.position = position
        }
        holes = 0
        isUnsorted = false
    }
}
