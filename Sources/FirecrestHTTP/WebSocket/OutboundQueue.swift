// Firecrest — frames that the kernel does not take yet, bounded in bytes.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Bounds of what waits for one client.
package struct OutboundLimits: Sendable, Hashable {
    /// Bytes that may wait in user space beyond the 64 KiB that the channel itself takes. A frame larger than this is
    /// taken when nothing else waits. Defaults to 1 MiB.
    package var maxBytes = 1_048_576
    /// What each frame counts beyond its own bytes, for what is kept of it: half a million pongs of two bytes, one MiB,
    /// took 72 MiB. 0 where `maxFrames` bounds them.
    package var bytesPerFrame = 96
    /// Frames that may wait. nil, the default: as many as the bytes allow.
    package var maxFrames: Int?

    package init() {}
}

/// Frames in their order. What may be dropped says so itself, with its `DropRule`; what has none is sent or ends the
/// connection.
///
/// Empty, as it nearly always is, it holds no memory.
///
/// Isolation: belongs to its connection.
package struct OutboundQueue {
    package enum Admission {
        case queued
        case dropped
        /// It may not be dropped, and nothing else that may be is left.
        case overflow
    }

    private var backlog: OutboundBacklog?

    package init() {}

    package var isEmpty: Bool { backlog == nil }
    package var bytes: Int { backlog?.bytes ?? 0 }
    package var count: Int { backlog?.count ?? 0 }

    /// - Parameters:
    ///   - rule: nil for a frame that must not be dropped.
    ///   - dropped: called for each frame that is, the new one too.
    package mutating func append(
        _ frame: ByteBuffer, rule: DropRule? = nil, limits: OutboundLimits, dropped: (DropRule) -> Void = { _ in }
    ) -> Admission {
        guard let backlog else {
            let first = OutboundBacklog()
            first.append(frame, rule)
            self.backlog = first
            return .queued
        }
        return backlog.admit(frame, rule, limits, dropped)
    }

    package mutating func popFirst() -> ByteBuffer? {
        let frame = backlog?.popFirst()
        if backlog?.count == 0 { backlog = nil }
        return frame
    }

    /// Frames that are sent once more, ahead of all others. They are not dropped.
    package mutating func prepend(_ frames: [ByteBuffer]) {
        guard !frames.isEmpty else { return }
        let backlog = backlog ?? OutboundBacklog()
        self.backlog = backlog
        for frame in frames.reversed() { backlog.prepend(frame) }
    }

    package mutating func takeAll() -> [ByteBuffer] {
        var frames: [ByteBuffer] = []
        frames.reserveCapacity(count)
        while let frame = popFirst() { frames.append(frame) }
        return frames
    }

    package mutating func removeAll() {
        backlog = nil
    }
}
