// Firecrest — frames that the kernel does not take yet, bounded in bytes.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import NIOCore

/// What happens to a consumer that does not read as fast as it is sent to.
package enum SlowConsumerPolicy: Sendable, Hashable {
    /// Close with 1013: the client reconnects and joins afresh.
    case disconnect
    /// The oldest queued frame makes room.
    case dropOldest
    /// The new frame is not queued.
    case dropNewest
}

/// Bounds of one connection's outbound queue.
package struct OutboundLimits: Sendable, Hashable {
    /// Bytes that may wait in user space beyond the 64 KiB that the channel itself takes. A frame larger than this is
    /// taken when nothing else waits. Defaults to 1 MiB.
    package var maxBytes = 1_048_576
    package var policy = SlowConsumerPolicy.disconnect

    package init() {}
}

/// Isolation: belongs to its connection.
struct OutboundQueue {
    enum Admission {
        case queued
        case dropped
        /// The policy says that this consumer is too slow to keep.
        case overflow
    }

    private(set) var bytes = 0
    private var frames: Deque<ByteBuffer> = []

    var isEmpty: Bool { frames.isEmpty }

    mutating func append(_ frame: ByteBuffer, limits: OutboundLimits) -> Admission {
        let size = frame.readableBytes
        if !frames.isEmpty, bytes + size > limits.maxBytes {
            switch limits.policy {
            case .disconnect: return .overflow
            case .dropNewest: return .dropped
            case .dropOldest:
                while !frames.isEmpty, bytes + size > limits.maxBytes { _ = popFirst() }
            }
        }
        frames.append(frame)
        bytes += size
        return .queued
    }

    mutating func popFirst() -> ByteBuffer? {
        guard let frame = frames.popFirst() else { return nil }
        bytes -= frame.readableBytes
        // An idle connection keeps no queue memory.
        if frames.isEmpty { frames = [] }
        return frame
    }

    mutating func removeAll() {
        frames = []
        bytes = 0
    }
}
