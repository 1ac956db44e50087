// Firecrest — frames that wait to be written to a link.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A queue of bytes. Small frames are put together, so that many go out in one write; large ones are kept as they are.
package struct HubOutbox: Sendable {
    /// Beyond, a copy costs more than one more buffer in a write.
    static let largestCopy = 16_384
    /// Where one buffer ends and the next begins.
    static let chunkBytes = 65_536

    private var chunks: [ByteBuffer] = []
    private var tail = ByteBuffer()
    package private(set) var byteCount = 0

    package init() {}

    package var isEmpty: Bool { byteCount == 0 }

    package mutating func append(record: ByteBuffer, number: UInt64) {
        makeRoom(HubFrame.recordHeaderBytes)
        HubFrame.writeRecordHeader(size: record.readableBytes, number: number, to: &tail)
        byteCount += HubFrame.recordHeaderBytes
        append(record)
    }

    /// Bytes that are frames already, or the rest of one.
    package mutating func append(_ bytes: ByteBuffer) {
        byteCount += bytes.readableBytes
        if bytes.readableBytes <= Self.largestCopy {
            makeRoom(bytes.readableBytes)
            tail.writeImmutableBuffer(bytes)
        } else {
            closeTail()
            chunks.append(bytes)
        }
    }

    package mutating func appendLost(_ count: UInt64) {
        let before = tail.readableBytes
        HubFrame.writeLost(count, to: &tail)
        byteCount += tail.readableBytes - before
    }

    /// Everything, in order; the queue is empty then.
    package mutating func take() -> [ByteBuffer] {
        closeTail()
        defer { chunks = [] }
        byteCount = 0
        return chunks
    }

    package mutating func removeAll() {
        self = HubOutbox()
    }

    private mutating func makeRoom(_ count: Int) {
        if tail.readableBytes + count > Self.chunkBytes { closeTail() }
    }

    private mutating func closeTail() {
        guard tail.readableBytes > 0 else { return }
        chunks.append(tail)
        tail = ByteBuffer()
    }
}
