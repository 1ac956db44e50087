// Firecrest — broadcasts as events that the streams of a loop share.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestPubSub
internal import NIOCore

extension StreamConnection {
    /// - Parameters:
    ///   - key: of this form of the event, for `Delivery.variants`.
    ///   - event: makes it, if nobody did before; nil where there is none.
    func send(_ delivery: Delivery, _ recipient: any BroadcastRecipient, key: Int, event: () -> ByteBuffer?) {
        guard let event = delivery.shared(key, event) else { return }
        send(event, recipient.rule(for: delivery))
    }

    func send(_ batch: Batch, _ recipient: any BroadcastRecipient, key: Int, event: (Delivery) -> ByteBuffer?) {
        if isBehind, recipient.mayDrop(from: batch) {
            for delivery in batch.deliveries { send(delivery, recipient, key: key) { event(delivery) } }
            return
        }
        send(batch.joined(key) { delivery in delivery.shared(key) { event(delivery) } }, events: batch.deliveries.count)
    }
}

extension Delivery {
    func shared(_ key: Int, _ make: () -> ByteBuffer?) -> ByteBuffer? {
        if let shared = variants[key] { return shared }
        let made = make()
        variants[key] = made
        return made
    }
}
