// Firecrest — a worker's end of the hub: what this worker broadcasts goes out, what others broadcast comes in.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestPubSub
package import Logging
package import NIOCore
internal import NIOConcurrencyHelpers
internal import NIOPosix

/// Carries broadcasts to the other workers by way of the hub.
///
/// `publish` puts a record behind those that wait and wakes a thread of its own at most once for all that come meanwhile;
/// that thread writes them together. A link that is lost is made again, after 10 ms and then twice as long each time, up
/// to 1 s. Meanwhile `publish` throws, and a broadcast fails as a whole: what would be kept for later could be lost all the
/// same, when the worker ends first, and nobody would know.
///
/// Isolation: `Sendable`; everything here may be called from any thread.
package final class HubAdapter: PubSubAdapter {
    private let limits: HubLimits
    private let group: MultiThreadedEventLoopGroup
    private let eventLoop: any EventLoop
    private let state = NIOLockedValueBox(HubQueue())
    private let gap = NIOLockedValueBox<(@Sendable () -> Void)?>(nil)
    private let receiver = NIOLockedValueBox<(@Sendable (ByteBuffer) throws -> Void)?>(nil)
    private let figures = NIOLockedValueBox<HubStatistics?>(nil)
    private let dialer: NIOLoopBoundBox<HubDialer>

    package init(address: HubAddress, worker: WorkerID, limits: HubLimits = HubLimits(), logger: Logger) {
        self.limits = limits
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        self.eventLoop = eventLoop
        dialer = .makeBoxSendingValue(
            HubDialer(address: address, worker: worker, limits: limits, logger: logger, eventLoop: eventLoop),
            eventLoop: eventLoop)
    }

    /// Whether a broadcast would go out now.
    package var isConnected: Bool { state.withLockedValue { $0.isConnected } }

    package var statistics: HubAdapterStatistics { state.withLockedValue { $0.currentStatistics } }

    /// What the hub itself has counted, as of a second ago; nil while it has said nothing, or there is no link. Older where
    /// this worker does not read what the hub has for it.
    package var hubStatistics: HubStatistics? { isConnected ? figures.withLockedValue { $0 } : nil }

    // MARK: life

    /// Connects. From now on the link is kept.
    ///
    /// - Throws: `HubError` when the hub cannot be reached now, or does not take this worker. The adapter has stopped then.
    package func start() async throws {
        let dialer = dialer
        do {
            try await eventLoop.flatSubmit { dialer.value.start(for: self) }.get()
        } catch {
            await stop()
            throw error
        }
    }

    /// Sends what waits, for a second at most, and ends the link.
    package func stop() async {
        let isFirst = state.withLockedValue { state in
            defer { (state.isStopped, state.isConnected) = (true, false) }
            return !state.isStopped
        }
        guard isFirst else { return }
        let dialer = dialer
        try? await eventLoop.flatSubmit { dialer.value.stop() }.get()
        try? await group.shutdownGracefully()
    }

    // MARK: out

    /// - Throws: `HubError` when there is no link, when too much waits for it, and when the record is larger than the hub
    ///   takes.
    package func publish(_ record: ByteBuffer, topic: String) throws {
        let mustWake = try state.withLockedValue { state in
            do throws(HubError) {
                return try state.take(record, limits)
            } catch {
                state.statistics.recordsRefused += 1
                throw error
            }
        }
        if mustWake { eventLoop.execute { self.flush() } }
    }

    /// Writes all that waits, once what was written before is out. Called on the adapter's loop.
    private func flush() {
        guard let connection = dialer.value.connection else { return }
        let chunks = state.withLockedValue { $0.takeChunks() }
        guard !chunks.isEmpty else { return }
        let written = eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        written.futureResult.whenComplete { result in
            guard case .success = result, self.dialer.value.connection === bound.value else { return }
            if self.state.withLockedValue({ $0.chunksWritten() }) {
                self.eventLoop.execute { self.flush() }
            } else {
                self.dialer.value.drained()
            }
        }
        connection.write(chunks, written: written)
    }

    // MARK: in

    package func attach(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void) {
        receiver.withLockedValue { $0 = receive }
    }

    package func onGap(_ tell: @escaping @Sendable () -> Void) {
        gap.withLockedValue { $0 = tell }
    }

    /// Called on the adapter's loop.
    func received(_ run: HubRun) {
        state.withLockedValue { $0.statistics.recordsReceived += run.count }
        guard let receive = receiver.withLockedValue({ $0 }) else { return }
        // What means nothing here is logged and counted by the receiver.
        run.forEachRecord { try? receive($0) }
    }

    func received(_ statistics: HubStatistics) { figures.withLockedValue { $0 = statistics } }

    func received(lost count: UInt64) {
        state.withLockedValue { $0.statistics.recordsLost += Int(clamping: count) }
        gap.withLockedValue { $0 }?()
    }

    // MARK: the link

    func linked(maxFrameBytes: Int, isAgain: Bool) {
        state.withLockedValue { state in
            state.maxFrameBytes = min(limits.maxFrameBytes, maxFrameBytes)
            state.isConnected = !state.isStopped
            if isAgain { state.statistics.reconnects += 1 }
        }
        // Whatever others have sent meanwhile.
        if isAgain { gap.withLockedValue { $0 }?() }
    }

    /// - Returns: how many records were queued and are not known to be sent.
    func unlinked() -> Int {
        state.withLockedValue { state in
            state.isConnected = false
            return state.removeAll()
        }
    }

    /// Whether something waits to be written.
    var isWriting: Bool { state.withLockedValue { $0.isScheduled } }
}
