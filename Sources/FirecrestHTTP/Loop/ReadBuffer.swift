// Firecrest — one read buffer for all WebSockets of a loop.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The buffer that a loop's WebSockets read into, one after another: only one of them reads at a time, and what is left of
/// a message at the end of its read is copied to where it belongs. So a read allocates nothing, however many
/// connections there are, and takes as much as the kernel has.
///
/// Isolation: belongs to its loop.
package struct ReadBuffer {
    /// Large enough for a message of 64 KiB, which then needs no copy of its own.
    package static let size = 131_072

    private var buffer: ByteBuffer?

    /// A buffer with nothing in it, to be given back when what was read has been handled.
    mutating func take() -> ByteBuffer {
        // Whoever kept a slice of the last read (a payload that was not copied) keeps that buffer, and there is a new one.
        if var buffer = buffer.take(), buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil { return buffer }
        return ByteBufferAllocator().buffer(capacity: Self.size)
    }

    mutating func giveBack(_ buffer: ByteBuffer) {
        guard buffer.storageCapacity == Self.size else { return }
        self.buffer = buffer
    }
}

/// Hands the loop's `ReadBuffer` to one connection's channel.
struct SharedReceiveAllocator: RecvByteBufferAllocator {
    let loop: NIOLoopBound<LoopContext>

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        loop.value.readBuffer.take()
    }

    func nextBufferSize() -> Int? { nil }

    /// True as in `TransientReceiveAllocator`: the channel then asks for a buffer each time and keeps none.
    mutating func record(actualReadBytes: Int) -> Bool { true }
}
