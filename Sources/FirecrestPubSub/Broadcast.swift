// Firecrest — a broadcast on its way to the loops, and on one loop.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestProtocol
package import NIOCore

/// A broadcast with its frames, one for each serializer that has subscribers in this process. What crosses loops.
package struct Broadcast: Sendable {
    package let record: BroadcastRecord
    /// By serializer index; nil where no subscriber uses that serializer, or it has no form for the payload.
    package let frames: [EncodedFrame?]
    /// Stands for the life of the node that it comes from.
    package let epoch: UInt64

    package init(record: BroadcastRecord, frames: [EncodedFrame?], epoch: UInt64) {
        self.record = record
        self.frames = frames
        self.epoch = epoch
    }

    package var id: BroadcastID { BroadcastID(epoch: epoch, number: record.messageID) }
    /// Asked for each subscriber: without a copy of the record.
    var except: SubscriberID? { record.except }
    var payloadBytes: Int { record.payload.count }
}

/// A broadcast on one loop, while it is handed to the subscribers there.
///
/// Isolation: belongs to its loop.
package final class Delivery {
    package let broadcast: Broadcast
    /// Further forms of the frames, made on this loop on first use and shared by its subscribers (compressed frames, by
    /// a key of the transport's choice).
    package var variants = FrameVariants()

    package init(_ broadcast: Broadcast) {
        self.broadcast = broadcast
    }

    package var record: BroadcastRecord { broadcast.record }
    package var id: BroadcastID { broadcast.id }

    package func hasFrame(_ serializerIndex: Int) -> Bool {
        broadcast.frames.indices.contains(serializerIndex) && broadcast.frames[serializerIndex] != nil
    }

    package func webSocketFrame(_ serializerIndex: Int) -> ByteBuffer? {
        broadcast.frames.indices.contains(serializerIndex) ? broadcast.frames[serializerIndex]?.webSocketFrame : nil
    }

    package func frame(_ serializerIndex: Int) -> EncodedFrame? {
        broadcast.frames.indices.contains(serializerIndex) ? broadcast.frames[serializerIndex] : nil
    }
}

@available(*, unavailable)
extension Delivery: Sendable {}
