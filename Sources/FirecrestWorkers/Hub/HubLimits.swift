// Firecrest — what the links between workers and the hub may hold.
// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Limits of the hub and of the workers' ends of it.
public struct HubLimits: Sendable, Hashable {
    /// Bytes of a frame between a worker and the hub. A broadcast beyond fails with `hub_record_too_large`; a link that
    /// brings a larger frame is dropped with `hub_frame_too_large`. Defaults to 32 MiB: four times the largest body that a
    /// client can post, in whatever form it goes on. From 1,024 to 1 GiB.
    public var maxFrameBytes = 33_554_432
    /// Bytes that wait for one link, at each of its ends. At the worker's, a broadcast beyond fails with `hub_queue_full`
    /// and reaches nobody. At the hub's, records for a worker that does not read are left out beyond, counted, and the
    /// worker is told how many when it reads again; the other workers get theirs. A queue that is empty takes one frame, at
    /// the hub what one read has brought, of any size. Defaults to 64 MiB: seconds of the fastest traffic, and little for a process that serves thousands.
    public var maxQueuedBytes = 67_108_864
    /// Links that the hub holds, those that have not said hello among them. One more is dropped with
    /// `hub_too_many_links`. Defaults to 1,024: more workers than a machine has cores.
    public var maxLinks = 1_024
    /// How long either end waits for the other's first frame. Defaults to 5 s: both are on one machine.
    public var helloTimeout = TimeAmount.seconds(5)

    public init() {}

    /// The default with some of it changed.
    public init(_ change: (inout HubLimits) -> Void) {
        change(&self)
    }
}
