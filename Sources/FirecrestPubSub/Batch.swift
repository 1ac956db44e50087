// Firecrest — broadcasts of a topic in a row, which its subscribers get as one.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Several broadcasts of one topic that wait together: their frames are put end to end once, and every subscriber's
/// connection gets that one buffer.
///
/// Isolation: belongs to its loop.
package final class Batch {
    /// Payload bytes that are put together at most. Beyond, copying costs more than the writes that it saves.
    package static let maxBytes = 16_384

    /// Two or more, in their order.
    package let deliveries: [Delivery]
    /// Whom some of them leave out.
    let exceptions: [SubscriberID]
    /// What becomes of them where a client does not read is what the recipient says, and not the broadcast.
    package let inheritPolicy: Bool
    private var joined = FrameVariants()

    package init(_ deliveries: [Delivery]) {
        self.deliveries = deliveries
        exceptions = deliveries.compactMap(\.record.except)
        inheritPolicy = deliveries.allSatisfy { $0.record.slowConsumers == nil }
    }

    package func hasFrames(_ serializerIndex: Int) -> Bool {
        deliveries.allSatisfy { $0.hasFrame(serializerIndex) }
    }

    /// The frames of all in one form, end to end. Made on first use.
    ///
    /// - Parameter form: gives each its own; nil where there is none, which is left out then.
    package func joined(_ key: Int, _ form: (Delivery) -> ByteBuffer?) -> ByteBuffer {
        if let bytes = joined[key] { return bytes }
        let forms = deliveries.compactMap(form)
        var bytes = ByteBuffer()
        bytes.reserveCapacity(forms.reduce(0) { $0 + $1.readableBytes })
        for form in forms { bytes.writeImmutableBuffer(form) }
        joined[key] = bytes
        return bytes
    }
}

@available(*, unavailable)
extension Batch: Sendable {}
