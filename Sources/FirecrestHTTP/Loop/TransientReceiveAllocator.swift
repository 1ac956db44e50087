// Firecrest — read buffers that live as long as one read.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Sizes read buffers by what came last, between 2 KiB and 64 KiB, and never keeps one.
///
/// NIO's default keeps each connection's buffer for the next read and never lets it shrink: 1.8 KB an idle connection, and
/// 64 KiB for ever after one large message. Saying nothing about the next size makes NIO allocate for each read and drop
/// the buffer after it.
struct TransientReceiveAllocator: RecvByteBufferAllocator {
    private static let smallest = 2_048
    private static let largest = 65_536
    private var size = Self.smallest

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: size)
    }

    func nextBufferSize() -> Int? { nil }

    mutating func record(actualReadBytes: Int) -> Bool {
        if actualReadBytes >= size {
            guard size < Self.largest else { return false }
            size = min(size * 4, Self.largest)
            return true
        }
        if actualReadBytes < size / 4, size > Self.smallest {
            size = max(size / 2, Self.smallest)
        }
        return false
    }
}
