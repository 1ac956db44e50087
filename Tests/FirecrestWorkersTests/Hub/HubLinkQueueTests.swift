// Firecrest — the bound of what the hub keeps for a worker
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestWorkers

@Suite struct HubLinkQueueTests {
    private static func run(bytes: Int, count: Int = 1) -> HubRun {
        HubRun(bytes: ByteBuffer(repeating: 1, count: bytes), count: count)
    }

    @Test func limit_hubQueuedBytes_counts_the_word_on_what_was_left_out() {
        var queue = HubLinkQueue(maxBytes: 1_000)
        queue.append(Self.run(bytes: 600))
        #expect(queue.takeChunks().count == 1)
        queue.append(Self.run(bytes: 400))
        #expect(queue.byteCount == 1_000 && !queue.hasRoom(for: Self.run(bytes: 1)))
        queue.leaveOut(Self.run(bytes: 1, count: 7))
        queue.chunksWritten()
        // 400 bytes are left, and 13 say that 7 records are missing.
        #expect(queue.byteCount == 400)
        #expect(!queue.hasRoom(for: Self.run(bytes: 588)) && queue.hasRoom(for: Self.run(bytes: 587)))
        queue.append(Self.run(bytes: 587))
        #expect(queue.byteCount == 1_000)
        // Said once.
        queue.chunksWritten()
        _ = queue.takeChunks()
        #expect(queue.hasRoom(for: Self.run(bytes: 0)) && !queue.hasRoom(for: Self.run(bytes: 1)))
    }

    @Test func an_empty_queue_takes_what_one_read_has_brought() {
        var queue = HubLinkQueue(maxBytes: 1_000)
        #expect(queue.hasRoom(for: Self.run(bytes: 50_000)))
        queue.append(Self.run(bytes: 50_000))
        #expect(!queue.hasRoom(for: Self.run(bytes: 1)))
    }

    @Test func what_is_missing_at_the_end_is_said_when_all_else_is_written() {
        var queue = HubLinkQueue(maxBytes: 10)
        queue.append(Self.run(bytes: 10))
        _ = queue.takeChunks()
        queue.leaveOut(Self.run(bytes: 1, count: 3))
        #expect(queue.takeChunks().isEmpty)
        queue.chunksWritten()
        var frame = ByteBuffer()
        HubFrame.writeLost(3, to: &frame)
        #expect(frame.readableBytes == HubFrame.lostFrameBytes)
        #expect(queue.takeChunks() == [frame])
    }
}
