// Firecrest — a channel's subscription to a topic that is not its own.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestPubSub

/// A channel's subscription to a topic that is not its own: broadcasts arrive in `handleInfo`.
final class ForeignSubscription: Subscriber {
    let topic: String
    let id: SubscriberID
    var serializerIndex: Int? { nil }
    var place = SubscriberPlace()
    private weak var cell: AnyChannelCell?

    init(cell: AnyChannelCell, topic: String) {
        self.cell = cell
        self.topic = topic
        self.id = cell.id
    }

    func receive(_ delivery: Delivery) {
        cell?.enqueue(.info(BroadcastInfo(delivery.record)))
    }
}
