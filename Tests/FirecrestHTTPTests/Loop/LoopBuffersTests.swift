// Firecrest — tests of the buffers that a loop's connections share.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestHTTP

@Suite struct LoopBuffersTests {
    /// Where a buffer's bytes are.
    private func place(_ buffer: ByteBuffer) -> Int {
        buffer.withVeryUnsafeBytes { Int(bitPattern: $0.baseAddress) }
    }

    @Test func a_read_buffer_that_came_back_is_read_into_again() {
        var buffers = ReadBuffer()
        var buffer = buffers.take()
        #expect(buffer.writableBytes == ReadBuffer.size)
        let first = place(buffer)
        buffer.writeString("something")
        buffers.giveBack(buffer)
        buffer = ByteBuffer()
        let again = buffers.take()
        #expect(place(again) == first)
        #expect(again.readableBytes == 0 && again.writableBytes == ReadBuffer.size)
    }

    @Test func a_slice_that_somebody_keeps_is_never_read_over() {
        var buffers = ReadBuffer()
        var buffer = buffers.take()
        buffer.writeString("kept")
        let kept = buffer.readSlice(length: 4)
        buffers.giveBack(buffer)
        buffer = ByteBuffer()
        var next = buffers.take()
        next.writeString("next")
        #expect(kept.map { String(buffer: $0) } == "kept")
        #expect(next.writableBytes == ReadBuffer.size - 4)
    }

    @Test func two_reads_at_once_have_two_buffers() {
        var buffers = ReadBuffer()
        #expect(place(buffers.take()) != 0)
        let first = buffers.take()
        let second = buffers.take()
        #expect(place(first) != place(second))
    }

    @Test func a_buffer_of_another_size_is_not_kept() {
        var buffers = ReadBuffer()
        buffers.giveBack(ByteBufferAllocator().buffer(capacity: 64))
        #expect(buffers.take().writableBytes == ReadBuffer.size)
    }

    @Test func write_buffers_come_back_empty_unless_somebody_holds_them() {
        var buffers = WriteBuffers()
        var buffer = buffers.take()
        let first = place(buffer)
        buffer.writeString("something")
        buffers.giveBack(consume buffer)
        var again = buffers.take()
        #expect(place(again) == first)
        #expect(again.readableBytes == 0 && again.writableBytes == WriteBuffers.size)
        again.writeString("held")
        let held = again
        buffers.giveBack(again)
        #expect(place(buffers.take()) != first)
        #expect(String(buffer: held) == "held")
    }

    @Test func no_more_write_buffers_are_kept_than_may_be() {
        var buffers = WriteBuffers()
        var many = (0..<WriteBuffers.kept + 8).map { _ in buffers.take() }
        while let buffer = many.popLast() { buffers.giveBack(buffer) }
        #expect(buffers.count == WriteBuffers.kept)
    }

    @Test func a_write_buffer_that_has_grown_is_not_kept() {
        var buffers = WriteBuffers()
        var buffer = buffers.take()
        buffer.writeRepeatingByte(0, count: WriteBuffers.size + 1)
        buffers.giveBack(consume buffer)
        #expect(buffers.count == 0)
    }
}
