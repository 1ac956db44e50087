// Firecrest — one loop's table of topics.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// The topics that have subscribers on one loop.
///
/// Isolation: belongs to its loop. `PubSub` reaches it through the loop's `LoopPort`.
package final class LoopTopics {
    /// Deliveries made in one tick, over all topics, before the loop does other work. 256 small frames take well under
    /// a millisecond to queue and about one to write.
    package static let sliceSize = 256

    private let interest: InterestFilter
    private let usage: SerializerUsage
    private let loopIndex: Int
    private let nextTick: (@escaping () -> Void) -> Void
    private var lists: [TopicKey: TopicList] = [:]
    private var backlog: Deque<TopicList> = []
    private var isDelivering = false
    private var tickScheduled = false
    /// Deliveries that may still be made before the next tick.
    private var budget = LoopTopics.sliceSize
    private var idCounter: UInt64 = 0

    /// - Parameter nextTick: runs work on this loop after it has looked at its sockets again.
    package init(
        loopIndex: Int, interest: InterestFilter, usage: SerializerUsage,
        nextTick: @escaping (@escaping () -> Void) -> Void
    ) {
        self.loopIndex = loopIndex
        self.interest = interest
        self.usage = usage
        self.nextTick = nextTick
    }

    deinit {
        for list in lists.values { list.dissolve() }
    }

    package var topicCount: Int { lists.count }

    /// Whether broadcasts wait that some subscriber has yet to get.
    package var hasBacklog: Bool { !backlog.isEmpty || isDelivering }

    package func makeID() -> SubscriberID {
        idCounter &+= 1
        return SubscriberID(rawValue: UInt64(loopIndex) << 48 | (idCounter & 0xFFFF_FFFF_FFFF))
    }

    package func subscribe(_ subscriber: any Subscriber, to topic: String) {
        guard !subscriber.place.isSubscribed else { return }
        if let list = lists[TopicKey(topic)] {
            list.add(subscriber)
        } else {
            let list = TopicList(topic: topic)
            lists[TopicKey(topic)] = list
            interest.add(InterestFilter.slot(of: topic))
            list.add(subscriber)
        }
        if let index = subscriber.serializerIndex { usage.add(index) }
    }

    package func unsubscribe(_ subscriber: any Subscriber) {
        guard let list = subscriber.place.topicList else { return }
        list.remove(subscriber)
        if let index = subscriber.serializerIndex { usage.remove(index) }
        if list.isEmpty, !list.hasPending { drop(list) }
    }

    /// Takes a broadcast. Subscribers are reached before this returns, up to a slice; the rest follow tick by tick.
    package func accept(_ broadcast: Broadcast) {
        guard let list = lists[TopicKey(broadcast.record.topic)] else { return }
        let wasIdle = !list.hasPending
        list.accept(Delivery(broadcast))
        if wasIdle { backlog.append(list) }
        // A subscriber that broadcasts from within `receive` adds to the backlog of the slice under way.
        if !isDelivering, !tickScheduled { deliverSlice() }
    }

    /// Gives one subscriber now what its topic's broadcasts have in store for it, ahead of its turn.
    ///
    /// Whoever is about to send something else to that subscriber's client calls this first: what was broadcast before
    /// stays before, however many slices the topic takes.
    package func catchUp(_ subscriber: any Subscriber) {
        subscriber.place.topicList?.catchUp(subscriber)
    }

    private func deliverSlice() {
        isDelivering = true
        while budget > 0, let list = backlog.popFirst() {
            budget -= max(1, list.deliver(budget: budget))
            if list.hasPending {
                backlog.append(list)
            } else if list.isEmpty {
                drop(list)
            }
        }
        isDelivering = false
        // A spent budget is renewed by a tick, so that many small broadcasts keep the loop no longer than a large one.
        guard budget <= 0 else { return }
        tickScheduled = true
        nextTick { [self] in
            tickScheduled = false
            budget = Self.sliceSize
            deliverSlice()
        }
    }

    private func drop(_ list: TopicList) {
        guard lists[TopicKey(list.topic)] === list else { return }
        lists.removeValue(forKey: TopicKey(list.topic))
        interest.remove(InterestFilter.slot(of: list.topic))
    }
}

@available(*, unavailable)
extension LoopTopics: Sendable {}
