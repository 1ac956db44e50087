// Firecrest — the hub's end of a link.
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore

/// Reads what a worker sends, and keeps what others have for it until it reads.
///
/// Isolation: belongs to the hub's loop.
final class HubLink: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let quietTime = TimeAmount.seconds(10)

    private let core: HubCore
    private let user: UInt32?
    private var decoder: HubDecoder
    private(set) var worker: WorkerID?
    private var context: ChannelHandlerContext?
    private var helloTimer: Scheduled<Void>?
    private var queue: HubLinkQueue
    private var isClosing = false
    /// Records that were left out and that the log does not have yet.
    private var lostSinceLog = 0
    private var lastLogged: NIODeadline?

    init(core: HubCore, user: UInt32?) {
        self.core = core
        self.user = user
        decoder = HubDecoder(side: .hub, maxFrameBytes: core.limits.maxFrameBytes)
        queue = HubLinkQueue(maxBytes: core.limits.maxQueuedBytes)
    }

    var queuedBytes: Int { queue.byteCount }

    // MARK: life

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        do throws(HubError) {
            try core.add(self, user: user)
        } catch {
            return drop(error)
        }
        let (bound, timeout) = (NIOLoopBound(self, eventLoop: context.eventLoop), core.limits.helloTimeout)
        helloTimer = context.eventLoop.scheduleTask(in: timeout) {
            bound.value.drop(HubError(.helloTimeout, "No hello came within \(timeout.nanoseconds / 1_000_000) ms."))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        helloTimer?.cancel()
        isClosing = true
        core.remove(self)
        self.context = nil
        queue.removeAll()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        drop(HubError(.unreachable, "\(error)"))
    }

    /// Ends the link, says why in the log, and tells the other end where that may be one of ours.
    func drop(_ error: HubError) {
        guard !isClosing, let context else { return }
        core.dropped(worker, error)
        core.remove(self)
        if worker == nil, error.code != .garbage, error.code != .wrongUser {
            var buffer = ByteBuffer()
            HubFrame.writeRefusal(error.code, to: &buffer)
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        }
        close()
    }

    func close() {
        guard !isClosing else { return }
        isClosing = true
        helloTimer?.cancel()
        queue.removeAll()
        context?.close(promise: nil)
    }

    // MARK: from the worker

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        decoder.append(unwrapInboundIn(data))
        do throws(HubError) {
            while !isClosing, let event = try decoder.next() { try take(event) }
        } catch {
            drop(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        core.flush()
    }

    private func take(_ event: HubEvent) throws(HubError) {
        switch event {
        case .hello(let worker, let key):
            try core.greet(self, worker, key: key)
            self.worker = worker
            helloTimer?.cancel()
            var buffer = ByteBuffer()
            HubFrame.writeWelcome(maxFrameBytes: core.limits.maxFrameBytes, to: &buffer)
            queue.append(buffer)
            flush()
        case .records(let run): core.forward(run, from: self)
        case .welcome, .refusal, .lost, .figures: break  // The decoder gives no such events on this side.
        }
    }

    // MARK: to the worker

    /// - Returns: whether the records are queued; if not, the worker does not read, and they are lost to it.
    func offer(_ run: HubRun) -> Bool {
        guard !isClosing else { return true }
        // What only waits for the end of this read is out of the way first.
        if !queue.hasRoom(for: run) { flush() }
        guard queue.hasRoom(for: run) else {
            queue.leaveOut(run)
            lostSinceLog += run.count
            logLost()
            return false
        }
        queue.append(run)
        return true
    }

    /// Nothing to a worker that has still to read what is older.
    func tell(_ figures: ByteBuffer) {
        guard !isClosing, queue.byteCount == 0 else { return }
        queue.append(figures)
        flush()
    }

    func flush() {
        guard !isClosing, let context else { return }
        let chunks = queue.takeChunks()
        guard let last = chunks.last else { return }
        for chunk in chunks.dropLast() { context.write(wrapOutboundOut(chunk), promise: nil) }
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in bound.value.written() }
        context.writeAndFlush(wrapOutboundOut(last), promise: written)
    }

    private func written() {
        queue.chunksWritten()
        flush()
    }

    private func logLost() {
        let now = NIODeadline.now()
        if let lastLogged, lastLogged + Self.quietTime > now { return }
        lastLogged = now
        core.logger.warning(
            "A worker does not read; records for it are left out, and it will be told how many. The others get theirs.",
            metadata: [
                "worker": "\(worker.map { "\($0)" } ?? "unknown")", "records": "\(lostSinceLog)",
                "queued": "\(queuedBytes)", "limit": "\(core.limits.maxQueuedBytes)",
            ])
        lostSinceLog = 0
    }
}

@available(*, unavailable)
extension HubLink: Sendable {}
