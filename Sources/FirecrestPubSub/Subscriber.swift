// Firecrest — one place in a topic's list.
// SPDX-License-Identifier: Apache-2.0

/// Names a subscriber within its node, so that a broadcast can leave it out.
///
/// Never 0. The upper 16 bits are the loop, the rest counts up, so loops make ids without asking each other.
package struct SubscriberID: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// Something that listens to one topic on one loop: a joined channel, or a channel's further subscription.
///
/// The topic's list keeps its notes in the subscriber itself, so that a channel costs no second object there.
///
/// Isolation: belongs to its loop; not `Sendable`.
package protocol Subscriber: AnyObject {
    /// Shared by all subscriptions of one channel.
    var id: SubscriberID { get }
    /// The serializer whose frames this subscriber wants, as an index of `PubSub.serializers`; nil for none.
    var serializerIndex: Int? { get }
    /// The list's; starts as `SubscriberPlace()`.
    var place: SubscriberPlace { get set }

    /// A broadcast to the topic. Called on the loop; may unsubscribe anybody, this subscriber too.
    func receive(_ delivery: Delivery)

    /// Several broadcasts at once. Returns false to get them one by one instead, as the default does.
    func receive(_ batch: Batch) -> Bool
}

extension Subscriber {
    package func receive(_ batch: Batch) -> Bool { false }
}

/// Where a subscriber stands in its topic's list.
package struct SubscriberPlace {
    var topicList: TopicList?
    private var index: Int32 = 0
    private(set) var isBehind = false

    package init() {}

    /// To be told after each delivery: whether the subscriber's client reads more slowly than it is sent to. It then gets
    /// broadcasts after those whose clients do not.
    package mutating func tell(isBehind: Bool) {
        guard isBehind != self.isBehind else { return }
        self.isBehind = isBehind
        topicList?.isUnsorted = true
    }

    /// In the list. A list has fewer than two billion places.
    var position: Int {
        get { Int(index) }
        set { index = Int32(clamping: newValue) }
    }

    package var isSubscribed: Bool { topicList != nil }
}
