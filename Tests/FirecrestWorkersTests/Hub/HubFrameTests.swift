// Firecrest — frames between workers and the hub, byte for byte
// SPDX-License-Identifier: Apache-2.0

import FirecrestWorkers
import NIOCore
import Testing

@Suite("Frames of the hub")
struct HubFrameTests {
    private static let preamble: [UInt8] = [0xFC, 0x48, 0x55, 0x42, 1]

    private static func bytes(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        write(&buffer)
        return Array(buffer.readableBytesView)
    }

    @Test func are_laid_out_as_their_comment_says() {
        #expect(
            Self.bytes { HubFrame.writeHello(WorkerID(slot: 3, life: 258), key: "ab", to: &$0) }
                == Self.preamble + [0, 0, 0, 15, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1, 2, 0x61, 0x62])
        #expect(
            Self.bytes { HubFrame.writeWelcome(maxFrameBytes: 65_536, to: &$0) }
                == Self.preamble + [0, 0, 0, 5, 2, 0, 1, 0, 0])
        #expect(
            Self.bytes { HubFrame.writeRefusal(.wrongKey, to: &$0) }
                == Self.preamble + [0, 0, 0, 14, 3] + Array("hub_wrong_key".utf8))
        #expect(
            Self.bytes { HubFrame.writeRecordHeader(size: 2, number: 7, to: &$0) }
                == [0, 0, 0, 11, 4, 0, 0, 0, 0, 0, 0, 0, 7])
        #expect(Self.bytes { HubFrame.writeLost(9, to: &$0) } == [0, 0, 0, 9, 5, 0, 0, 0, 0, 0, 0, 0, 9])
    }

    @Test func small_records_are_put_together_and_large_ones_are_not_copied() {
        var outbox = HubOutbox()
        let large = ByteBuffer(repeating: 1, count: 20_000)
        outbox.append(record: ByteBuffer(string: "a"), number: 1)
        outbox.append(record: ByteBuffer(string: "b"), number: 2)
        outbox.append(record: large, number: 3)
        outbox.appendLost(4)
        #expect(outbox.byteCount == 14 + 14 + 13 + 20_000 + 13)
        let chunks = outbox.take()
        #expect(chunks.map(\.readableBytes) == [14 + 14 + 13, 20_000, 13])
        #expect(chunks[1].storageCapacity == large.storageCapacity)
        #expect(outbox.isEmpty && outbox.take().isEmpty)
        var all = HubDecoder(side: .worker, maxFrameBytes: 65_536)
        all.append(ByteBuffer(bytes: Self.preamble + [0, 0, 0, 5, 2, 0, 1, 0, 0]))
        for chunk in chunks { all.append(chunk) }
        #expect(throws: Never.self) {
            #expect(try all.next() == .welcome(maxFrameBytes: 65_536))
            guard case .records(let run) = try all.next() else { throw HubError(.garbage, "no records") }
            var sizes: [Int] = []
            run.forEachRecord { sizes.append($0.readableBytes) }
            #expect(run.count == 3 && sizes == [1, 1, 20_000])
            #expect(try all.next() == .lost(4))
        }
    }

    @Test func a_queue_of_many_small_records_is_cut_into_buffers() {
        var outbox = HubOutbox()
        for number in 1...1_000 { outbox.append(record: ByteBuffer(repeating: 7, count: 500), number: UInt64(number)) }
        let chunks = outbox.take()
        #expect(chunks.reduce(0) { $0 + $1.readableBytes } == 513_000)
        #expect(chunks.allSatisfy { $0.readableBytes <= 65_536 } && chunks.count < 10)
    }
}
