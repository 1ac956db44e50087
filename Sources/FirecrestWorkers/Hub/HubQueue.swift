// Firecrest — what a worker has published and the hub has not taken yet.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Shared by all threads that publish and the one that writes, under the adapter's lock.
struct HubQueue {
    /// Whether `publish` takes records.
    var isConnected = false
    var isStopped = false
    var maxFrameBytes = 0
    /// A flush is on its way, or a write that one follows.
    private(set) var isScheduled = false
    var statistics = HubAdapterStatistics()
    var currentStatistics: HubAdapterStatistics {
        var statistics = statistics
        statistics.bytesQueued = outbox.byteCount + inFlight
        return statistics
    }
    private var outbox = HubOutbox()
    private var inFlight = 0
    /// Numbers of the last record that was queued, of the last in a write, and of the last that was written.
    private var queued: UInt64 = 0
    private var taken: UInt64 = 0
    private var written: UInt64 = 0

    /// - Returns: whether the loop must be told.
    mutating func take(_ record: ByteBuffer, _ limits: HubLimits) throws(HubError) -> Bool {
        guard isConnected else {
            throw HubError(
                .notConnected, "This worker has no link to the others at the moment; it is tried again by itself.")
        }
        let size = record.readableBytes + HubFrame.recordOverhead
        guard size <= maxFrameBytes else {
            throw HubError(
                .recordTooLarge,
                "A broadcast takes \(size) bytes on its way to the other workers, where \(maxFrameBytes) are allowed (HubLimits.maxFrameBytes)."
            )
        }
        let waiting = outbox.byteCount + inFlight
        guard waiting == 0 || waiting + size + 4 <= limits.maxQueuedBytes else {
            throw HubError(
                .queueFull,
                "\(waiting) bytes wait for the hub already, where \(limits.maxQueuedBytes) may (HubLimits.maxQueuedBytes)."
            )
        }
        queued &+= 1
        outbox.append(record: record, number: queued)
        statistics.recordsPublished += 1
        statistics.bytesPublished += record.readableBytes
        defer { isScheduled = true }
        return !isScheduled
    }

    mutating func takeChunks() -> [ByteBuffer] {
        guard inFlight == 0, !outbox.isEmpty else { return [] }
        inFlight = outbox.byteCount
        taken = queued
        statistics.writes += 1
        return outbox.take()
    }

    /// - Returns: whether there is more to write.
    mutating func chunksWritten() -> Bool {
        inFlight = 0
        written = taken
        isScheduled = !outbox.isEmpty
        return isScheduled
    }

    /// The link is lost, and what waits with it.
    ///
    /// - Returns: how many records are not known to be sent.
    mutating func removeAll() -> Int {
        let unsent = Int(clamping: queued &- written)
        outbox.removeAll()
        inFlight = 0
        isScheduled = false
        (queued, taken, written) = (0, 0, 0)
        statistics.recordsUnsent += unsent
        return unsent
    }
}
