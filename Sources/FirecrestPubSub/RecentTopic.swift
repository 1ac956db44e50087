// Firecrest — a topic whose broadcasts are remembered on one loop.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import NIOCore

/// Listens to a topic like any subscriber and keeps what it hears. One for all who ask.
///
/// Isolation: belongs to its loop.
final class RecentTopic: Subscriber {
    let id: SubscriberID
    /// It keeps the payload; no frame is made for it.
    var serializerIndex: Int? { nil }
    var place = SubscriberPlace()
    private(set) var memory: RecentBroadcasts
    private let keeps: @Sendable (String) -> Bool
    private let patience: TimeAmount
    /// When it is forgotten unless somebody asks before.
    private(set) var deadline: NIODeadline

    init(id: SubscriberID, memory: RecentBroadcasts, question: RecentQuestion, now: NIODeadline) {
        self.id = id
        self.memory = memory
        keeps = question.keeps
        patience = question.patience
        deadline = now + question.patience
    }

    func receive(_ delivery: Delivery) {
        guard delivery.record.kind == .broadcast, keeps(delivery.record.event) else { return }
        memory.append(RecentBroadcast(delivery.broadcast))
    }

    func gap(_ id: BroadcastID) { memory.appendGap(id) }

    func asked(_ now: NIODeadline) {
        deadline = now + patience
    }
}

@available(*, unavailable)
extension RecentTopic: Sendable {}
