// Firecrest — the topics that one loop remembers for those who come to ask.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What a client asks about a topic. Crosses from its connection's loop to the topic's.
package struct RecentQuestion: Sendable {
    package var topic: String
    package var cursor: RecentCursor
    /// Whose question: what one scope keeps of a topic, another may not.
    package var scope: ObjectIdentifier
    package var limits: RecentLimits
    /// Topics that may be remembered for this scope on one loop.
    package var maxTopics: Int
    /// How long the topic is remembered when nobody asks again.
    package var patience: TimeAmount
    /// Which events everybody who may ask may see.
    package var keeps: @Sendable (String) -> Bool

    package init(
        topic: String, cursor: RecentCursor, scope: ObjectIdentifier, limits: RecentLimits, maxTopics: Int,
        patience: TimeAmount, keeps: @escaping @Sendable (String) -> Bool
    ) {
        self.topic = topic
        self.cursor = cursor
        self.scope = scope
        self.limits = limits
        self.maxTopics = maxTopics
        self.patience = patience
        self.keeps = keeps
    }
}

/// Begins to remember a topic when it is first asked about, and forgets it when nobody has asked for a while.
///
/// Isolation: belongs to its loop. It has no clock: the caller says what time it is, and wakes it.
package final class RecentTopics {
    private let topics: LoopTopics
    private let makeEpoch: () -> UInt64
    private var scopes: [ObjectIdentifier: [TopicKey: RecentTopic]] = [:]

    /// - Parameter makeEpoch: makes numbers that do not come again; each memory's first cursor has one.
    package init(topics: LoopTopics, makeEpoch: @escaping () -> UInt64 = { .random(in: .min ... .max) }) {
        self.topics = topics
        self.makeEpoch = makeEpoch
    }

    /// How many topics are remembered, over all scopes.
    package var count: Int { scopes.values.reduce(0) { $0 + $1.count } }

    /// What is new for a client. nil when the topic would be one too many.
    ///
    /// Topics are not forgotten to make room: one that somebody asks about every second would lose against names that
    /// somebody else makes up.
    package func answer(_ question: RecentQuestion, now: NIODeadline) -> RecentAnswer? {
        let key = TopicKey(question.topic)
        if let topic = scopes[question.scope]?[key] {
            // What this loop has accepted and not handed out yet counts too.
            topics.catchUp(topic)
            topic.asked(now)
            return topic.memory.answer(question.cursor)
        }
        if scopes[question.scope]?.count ?? 0 >= question.maxTopics {
            _ = forgetIdle(now: now)
            guard scopes[question.scope]?.count ?? 0 < question.maxTopics else { return nil }
        }
        let topic = RecentTopic(
            id: topics.makeID(),
            memory: RecentBroadcasts(limits: question.limits, start: BroadcastID(epoch: makeEpoch(), number: 0)),
            question: question, now: now)
        scopes[question.scope, default: [:]][key] = topic
        topics.subscribe(topic, to: question.topic)
        return topic.memory.answer(question.cursor)
    }

    /// Broadcasts may be missing from here on, in any topic.
    package func gap() {
        for topic in scopes.values.flatMap(\.values) {
            topics.catchUp(topic)
            topic.gap(BroadcastID(epoch: makeEpoch(), number: 0))
        }
    }

    /// Forgets what nobody asked about for long enough.
    ///
    /// - Returns: when to call this again; nil when nothing is remembered.
    package func forgetIdle(now: NIODeadline) -> NIODeadline? {
        var next: NIODeadline?
        for (scope, remembered) in scopes {
            for (key, topic) in remembered {
                if topic.deadline <= now {
                    topics.unsubscribe(topic)
                    scopes[scope]?[key] = nil
                } else {
                    next = min(next ?? .distantFuture, topic.deadline)
                }
            }
            if scopes[scope]?.isEmpty == true { scopes[scope] = nil }
        }
        return next
    }
}

@available(*, unavailable)
extension RecentTopics: Sendable {}
