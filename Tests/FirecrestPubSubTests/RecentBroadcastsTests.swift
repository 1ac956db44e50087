// Firecrest — what is remembered of a topic: bounds, cursors, what counts as missed
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestPubSub
import NIOCore
import Testing

@Suite("Recent broadcasts")
struct RecentBroadcastsTests {
    private static let start = BroadcastID(epoch: 99, number: 0)

    private func memory(messages: Int = 3, bytes: Int = 1_000_000) -> RecentBroadcasts {
        RecentBroadcasts(limits: RecentLimits(maxMessages: messages, maxBytes: bytes), start: Self.start)
    }

    private func message(_ number: UInt64, epoch: UInt64 = 1, bytes: Int = 2) -> RecentBroadcast {
        RecentBroadcast(
            Broadcast(
                record: BroadcastRecord(
                    topic: "t", event: "e", payload: .binary(Array(repeating: 0, count: bytes)), node: "test",
                    messageID: number, except: nil),
                frames: [], epoch: epoch))
    }

    private func id(_ number: UInt64, epoch: UInt64 = 1) -> BroadcastID { BroadcastID(epoch: epoch, number: number) }

    private func numbers(_ answer: RecentAnswer) -> [UInt64] { answer.messages.map(\.id.number) }

    @Test("who asks for the first time gets the cursor of now and nothing else")
    func first() {
        var memory = memory()
        #expect(memory.answer(.now).cursor == Self.start)
        memory.append(message(7))
        let answer = memory.answer(.now)
        #expect(answer.messages.isEmpty)
        #expect(answer.cursor == id(7))
        #expect(!answer.isMissing)
    }

    @Test("after the beginning or after a message comes what followed, and nothing was missed")
    func after() {
        var memory = memory()
        for number: UInt64 in [4, 5, 6] { memory.append(message(number)) }
        for (cursor, expected) in [(Self.start, [4, 5, 6]), (id(4), [5, 6]), (id(6), [])] as [(BroadcastID, [UInt64])] {
            let answer = memory.answer(.after(cursor))
            #expect(numbers(answer) == expected)
            #expect(answer.cursor == id(6))
            #expect(!answer.isMissing)
        }
    }

    @Test("numbers need not be in order: two nodes count for themselves")
    func twoNodes() {
        var memory = memory()
        memory.append(message(900, epoch: 1))
        memory.append(message(3, epoch: 2))
        memory.append(message(901, epoch: 1))
        #expect(numbers(memory.answer(.after(id(3, epoch: 2)))) == [901])
        #expect(memory.answer(.after(id(3, epoch: 1))).isMissing)
    }

    @Test("whoever has the last message that was dropped has missed nothing; one before, and it has")
    func dropped() {
        var memory = memory(messages: 2)
        for number: UInt64 in 1...4 { memory.append(message(number)) }
        #expect(memory.count == 2)
        let atFloor = memory.answer(.after(id(2)))
        #expect(numbers(atFloor) == [3, 4])
        #expect(!atFloor.isMissing)
        for cursor in [id(1), Self.start] {
            let answer = memory.answer(.after(cursor))
            #expect(numbers(answer) == [3, 4])
            #expect(answer.cursor == id(4))
            #expect(answer.isMissing)
        }
    }

    @Test("a cursor of the future, of another life or of nobody is unknown: all that is kept, and missed")
    func unknown() {
        var memory = memory()
        memory.append(message(1))
        for cursor in [
            .after(id(2)), .after(id(1, epoch: 2)), .after(BroadcastID(epoch: 98, number: 0)), .unknown,
        ] as [RecentCursor] {
            let answer = memory.answer(cursor)
            #expect(numbers(answer) == [1])
            #expect(answer.cursor == id(1))
            #expect(answer.isMissing)
        }
    }

    @Test("bytes are bounded, with what a message needs besides its payload")
    func bytes() {
        let size = 100 + 1 + RecentBroadcasts.overhead
        var memory = memory(messages: 100, bytes: 3 * size)
        for number: UInt64 in 1...3 { memory.append(message(number, bytes: 100)) }
        #expect(memory.count == 3)
        #expect(memory.byteCount == 3 * size)
        memory.append(message(4, bytes: 101))
        #expect(memory.count == 2)
        #expect(memory.byteCount == 2 * size + 1)
    }

    @Test("a message over the limit by itself is not kept, and whoever was before it has missed something")
    func tooLarge() {
        var memory = memory(messages: 10, bytes: 1_000)
        memory.append(message(1))
        memory.append(message(2, bytes: 1_000))
        #expect(memory.count == 0)
        #expect(memory.byteCount == 0)
        #expect(memory.newest == id(2))
        #expect(memory.answer(.after(id(1))).isMissing)
        #expect(!memory.answer(.after(id(2))).isMissing)
    }

    @Test("who stands before a gap may have missed something, and is told so once")
    func gap() {
        var memory = memory(messages: 4)
        memory.append(message(1))
        memory.appendGap(id(0, epoch: 50))
        #expect(memory.newest == id(0, epoch: 50) && memory.count == 1)
        let told = memory.answer(.after(id(1)))
        #expect(told.isMissing && told.messages.isEmpty && told.cursor == id(0, epoch: 50))
        #expect(memory.answer(.after(Self.start)).isMissing)
        #expect(!memory.answer(.now).isMissing)

        memory.append(message(2))
        let after = memory.answer(.after(told.cursor))
        #expect(!after.isMissing && numbers(after) == [2])
        let before = memory.answer(.after(id(1)))
        #expect(before.isMissing && numbers(before) == [2])
        #expect(!memory.answer(.after(id(2))).isMissing)

        // It makes room like any other; whoever stood before it is known no more, who stood at it is.
        for number: UInt64 in 3...5 { memory.append(message(number)) }
        #expect(numbers(memory.answer(.after(id(0, epoch: 50)))) == [2, 3, 4, 5])
        #expect(!memory.answer(.after(id(0, epoch: 50))).isMissing)
        #expect(memory.answer(.after(id(1))).isMissing)
    }

    @Test("gaps without end are bounded as messages are")
    func gaps() {
        var memory = memory(messages: 3)
        for number: UInt64 in 0..<1_000 { memory.appendGap(id(number, epoch: 50)) }
        #expect(memory.count == 0 && memory.byteCount == 3 * RecentBroadcasts.overhead)
    }

    @Test("a payload that was a slice of a large buffer is kept in a buffer of its own size")
    func exactSize() {
        var large = ByteBuffer(repeating: 1, count: 65_536)
        let slice = large.readSlice(length: 100) ?? ByteBuffer()
        let kept = RecentBroadcast(
            Broadcast(
                record: BroadcastRecord(
                    topic: "t", event: "e", payload: .binary(slice), node: "n", messageID: 1, except: nil),
                frames: [], epoch: 1))
        #expect(kept.payload.bytes == slice)
        #expect(kept.payload.bytes.storageCapacity <= 128)
    }
}
