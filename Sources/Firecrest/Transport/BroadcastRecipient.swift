// Firecrest — the channel that a broadcast goes to, as its transport sees it.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestHTTP
package import FirecrestProtocol
internal import FirecrestPubSub

/// A channel that gets broadcasts, and hears of those that its client will not get.
///
/// Isolation: belongs to the socket's loop.
package protocol BroadcastRecipient: DropObserver {
    /// For broadcasts that have no policy of their own.
    var slowConsumers: SlowConsumerPolicy { get }
}

extension BroadcastRecipient {
    /// Whether some of these, once they wait, may be dropped one by one.
    func mayDrop(from batch: Batch) -> Bool {
        if batch.inheritPolicy, case .disconnect = slowConsumers.kind { false } else { true }
    }

    /// What may be done with a broadcast's frame while the client does not read; nil where it must be sent.
    func rule(for delivery: Delivery) -> DropRule? {
        let policy = delivery.record.slowConsumers ?? slowConsumers
        switch policy.kind {
        case .disconnect: return nil
        case .dropOldest: return DropRule(.oldest, owner: self)
        case .dropNewest: return DropRule(.newest, owner: self)
        case .latest:
            let record = delivery.record
            return DropRule(
                .latest(ConflationKey(topic: record.topic, name: policy.key ?? record.event)), owner: self)
        }
    }
}
