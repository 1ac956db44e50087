// Firecrest — read buffers that live as long as one read.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Sizes read buffers by what came last, between 2 KiB and 64 KiB, and lets none of them outlive its read.
///
/// NIO's pool keeps what it was given: 2 KiB an idle connection with its default allocator, and up to four times 64 KiB for
/// ever after one large message. With one read per readiness event the pool has one place, and a buffer is used from that
/// place again only while the allocator says that it will not grow. So the first buffer, which takes the place, is tiny
/// (the 16 bytes are as much as malloc gives for one), and afterwards the answer is always "may grow": every further read gets a buffer of its own, which is freed when the
/// bytes are handled.
package struct TransientReceiveAllocator: RecvByteBufferAllocator {
    /// The pool has as many places as a channel may read times in a row.
    package static let readsPerEvent: UInt = 1

    private static let firstRead = 16
    private static let smallest = 2_048
    private static let largest = 65_536
    private var size = Self.firstRead

    package init() {}

    package func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: size)
    }

    package func nextBufferSize() -> Int? { nil }

    package mutating func record(actualReadBytes: Int) -> Bool {
        if size == Self.firstRead {
            size = Self.smallest
        } else if actualReadBytes >= size {
            size = min(size * 4, Self.largest)
        } else if actualReadBytes < size / 4 {
            size = max(size / 2, Self.smallest)
        }
        return true
    }
}
