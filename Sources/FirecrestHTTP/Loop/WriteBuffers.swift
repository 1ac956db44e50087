// Firecrest — the buffers that the short frames of one tick are collected in.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A loop's stock of buffers for `OutboundConnection.append`. A connection holds one from its first frame of a tick to the
/// tick's flush; what the kernel has taken comes back.
///
/// Isolation: belongs to its loop.
package struct WriteBuffers {
    /// Bytes of one: some thirty short replies.
    static let size = 4_096
    /// How many are kept, 256 KiB in all: as many connections as one call of `epoll_wait` reports.
    package static let kept = 64

    private var buffers: [ByteBuffer] = []

    var count: Int { buffers.count }

    mutating func take() -> ByteBuffer {
        buffers.popLast() ?? ByteBufferAllocator().buffer(capacity: Self.size)
    }

    /// Keeps a buffer that has been written, unless it has grown, or there are enough.
    ///
    /// Returns false when somebody else holds it still: the channel, because the kernel did not take everything.
    @discardableResult
    mutating func giveBack(_ bytes: consuming ByteBuffer) -> Bool {
        guard bytes.modifyIfUniquelyOwned({ $0.clear() }) != nil else { return false }
        if buffers.count < Self.kept, bytes.storageCapacity == Self.size { buffers.append(bytes) }
        return true
    }
}
