// Firecrest — what the hub and the workers' ends of it have counted.
// SPDX-License-Identifier: Apache-2.0

/// Figures of the hub, since it was started.
package struct HubStatistics: Sendable, Hashable {
    /// Workers that have said hello, now.
    package var workers = 0
    /// Hellos that were taken.
    package var hellos = 0
    /// Links that the hub dropped, by reason.
    package var dropped: [HubError.Code: Int] = [:]
    package var recordsReceived = 0
    package var bytesReceived = 0
    /// Counted once for each worker that a record was queued for.
    package var recordsForwarded = 0
    /// Left out for a worker that did not read.
    package var recordsLost = 0
    /// Bytes that wait for workers, now.
    package var bytesQueued = 0

    package init() {}
}

/// Figures of a worker's end, since it was started.
package struct HubAdapterStatistics: Sendable, Hashable {
    package var recordsPublished = 0
    package var bytesPublished = 0
    package var recordsReceived = 0
    /// Broadcasts that failed, as the worker had no link, or too much waited.
    package var recordsRefused = 0
    /// Records of others that the hub left out, as this worker did not read.
    package var recordsLost = 0
    /// Own records that were queued when the link was lost.
    package var recordsUnsent = 0
    /// Times that a link was lost and made again.
    package var reconnects = 0
    /// Writes to the hub's socket, of one record or many.
    package var writes = 0
    /// Bytes that wait for the hub, now.
    package var bytesQueued = 0

    package init() {}
}
