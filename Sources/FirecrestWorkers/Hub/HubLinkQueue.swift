// Firecrest — what the hub has for one worker that has not been written yet.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A queue of whole frames, bounded in bytes: records beyond are left out, and in their place stands how many they were.
struct HubLinkQueue {
    private let maxBytes: Int
    private var outbox = HubOutbox()
    private var inFlight = 0
    /// Records that were left out and that the worker was not told of yet.
    private var lost: UInt64 = 0

    /// - Parameter maxBytes: `HubLimits.maxQueuedBytes`.
    init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    /// What waits, and what is being written.
    var byteCount: Int { outbox.byteCount + inFlight }

    /// With the word on what is missing before it. An empty queue takes what one read has brought, of any size.
    func hasRoom(for run: HubRun) -> Bool {
        let needed = run.bytes.readableBytes + (lost > 0 ? HubFrame.lostFrameBytes : 0)
        return byteCount == 0 || byteCount + needed <= maxBytes
    }

    mutating func append(_ run: HubRun) {
        sayLost()
        outbox.append(run.bytes)
    }

    /// A frame that the hub says itself.
    mutating func append(_ frame: ByteBuffer) { outbox.append(frame) }

    mutating func leaveOut(_ run: HubRun) { lost &+= UInt64(run.count) }

    /// What is to be written now; nothing while a write is under way.
    mutating func takeChunks() -> [ByteBuffer] {
        guard inFlight == 0, !outbox.isEmpty else { return [] }
        inFlight = outbox.byteCount
        return outbox.take()
    }

    /// What was taken is written.
    mutating func chunksWritten() {
        inFlight = 0
        // Also when nothing comes after what was lost.
        if outbox.isEmpty { sayLost() }
    }

    mutating func removeAll() { outbox.removeAll() }

    /// Stands where the records would have stood.
    private mutating func sayLost() {
        guard lost > 0 else { return }
        outbox.appendLost(lost)
        lost = 0
    }
}
