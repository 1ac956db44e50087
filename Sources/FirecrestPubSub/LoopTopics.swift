// Firecrest — one loop's table of topics.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
package import NIOCore

/// The topics that have subscribers on one loop.
///
/// Isolation: belongs to its loop. `PubSub` reaches it through the loop's `LoopPort`.
package final class LoopTopics {
    /// Deliveries made in one tick, over all topics, before the loop does other work. 256 small frames take well under
    /// a millisecond to queue and about one to write.
    package static let sliceSize = 256
    /// A topic with no more subscribers than this is delivered at once, and written with what else the tick brings for
    /// them. A larger one waits for the end of the tick, so that all of the tick's broadcasts go out as one.
    package static let smallTopic = 16
    /// Deliveries between two flushes within a slice. Each connection's memory, ours and the kernel's, is then read once
    /// and not twice from afar.
    static let flushSize = 32

    private let interest: InterestFilter
    private let usage: SerializerUsage
    private let loopIndex: Int
    private unowned let scheduler: any TopicScheduler
    /// How long broadcasts to a hot topic are gathered; nil: not at all.
    private let hotTopicDelay: TimeAmount?
    private var lists: [TopicKey: TopicList] = [:]
    private var backlog: Deque<TopicList> = []
    /// Large topics that join the backlog at the end of the tick.
    private var arrived: [TopicList] = []
    /// Hot topics that join it a moment later.
    private var gathering: [TopicList] = []
    private var isDelivering = false
    private var tickScheduled = false
    /// Deliveries that may still be made before the next tick.
    private var budget = LoopTopics.sliceSize
    private var idCounter: UInt64 = 0

    /// - Parameter scheduler: the loop, which outlives this.
    package init(
        loopIndex: Int, interest: InterestFilter, usage: SerializerUsage, scheduler: any TopicScheduler,
        hotTopicDelay: TimeAmount? = nil
    ) {
        self.loopIndex = loopIndex
        self.interest = interest
        self.usage = usage
        self.scheduler = scheduler
        self.hotTopicDelay = hotTopicDelay
    }

    deinit {
        for list in lists.values { list.dissolve() }
    }

    package var topicCount: Int { lists.count }

    /// Whether broadcasts wait that some subscriber has yet to get.
    package var hasBacklog: Bool {
        !backlog.isEmpty || isDelivering || !arrived.isEmpty || !gathering.isEmpty
    }

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

    /// Takes a broadcast. The subscribers of a small topic are reached before this returns, unless others wait; those of
    /// a large one at the end of the tick; those of a hot one after its delay. The rest follow tick by tick.
    package func accept(_ broadcast: Broadcast) {
        guard let list = lists[TopicKey(broadcast.record.topic)] else { return }
        let wasIdle = !list.hasPending
        list.accept(Delivery(broadcast))
        let isLarge = list.count > Self.smallTopic
        let isHot = isLarge && countsAsHot(list)
        guard wasIdle else { return }
        if isHot, let hotTopicDelay {
            gathering.append(list)
            if gathering.count == 1 { scheduler.after(hotTopicDelay) { self.deliverGathered() } }
        } else if isLarge {
            arrived.append(list)
            if arrived.count == 1 { scheduler.atEndOfTick { self.deliverArrived() } }
        } else {
            backlog.append(list)
            deliverIfIdle()
        }
    }

    private func countsAsHot(_ list: TopicList) -> Bool {
        guard let hotTopicDelay else { return false }
        let now = scheduler.now
        let heat = list.heat ?? TopicHeat(now: now)
        list.heat = heat
        return heat.counts(at: now, delay: hotTopicDelay)
    }

    private func deliverArrived() {
        backlog.append(contentsOf: arrived)
        arrived.removeAll(keepingCapacity: arrived.count < 64)
        deliverIfIdle()
    }

    private func deliverGathered() {
        guard let hotTopicDelay else { return }
        let now = scheduler.now
        for list in gathering { list.heat?.gathered(list.pendingCount, at: now, delay: hotTopicDelay) }
        backlog.append(contentsOf: gathering)
        gathering.removeAll(keepingCapacity: gathering.count < 64)
        deliverIfIdle()
    }

    /// A subscriber that broadcasts from within `receive` adds to the backlog of the slice under way.
    private func deliverIfIdle() {
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
            budget -= max(1, list.deliver(budget: budget) { scheduler.flush() })
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
        scheduler.nextTick { [self] in
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
