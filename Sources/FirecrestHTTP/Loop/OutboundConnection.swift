// Firecrest — the output side of a connection: queued in user space when the kernel is full, flushed once per tick.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A connection that sends shared buffers: a WebSocket or a stream. Subclasses say what they read, and when they end.
///
/// Isolation: belongs to its loop.
package class OutboundConnection: LoopConnection {
    /// The channel's own flag, kept here because asking for it costs as much as queueing a frame.
    private final var isWritable = true
    /// The channel was given bytes, and has them still as far as is known. At first the response to the upgrade.
    private final var channelHoldsBytes = true
    /// `pending` is a buffer of `loop.writeBuffers`, which nobody else holds.
    private final var pendingIsOwn = false
    private final var socket = DirectSocket.none
    package final let loop: LoopContext
    final var context: ChannelHandlerContext?
    final var outbound = OutboundQueue()
    /// What this tick's flush writes. There only while the channel holds nothing, so nothing else can wait before it.
    /// Unchecked: taken out and put back, never accessed for longer.
    @exclusivity(unchecked) private final var pending: ByteBuffer?

    init(loop: LoopContext) {
        self.loop = loop
        super.init()
    }

    /// What a connection that does not read may have waiting for it.
    var outboundLimits: OutboundLimits { OutboundLimits() }

    /// More waits than may.
    func outboundOverflowed() {}

    /// Whether the client is behind: what is queued now has to wait.
    ///
    /// The queue holds something only while the channel is not writable, but for the moment in which it is emptied.
    package final var isBehind: Bool { !isWritable }

    /// Everything queued has left user space while the channel was not writable before.
    func outboundDrained() {}

    /// - Parameter socket: for writes without the channel; `none` where something stands between, as TLS does.
    final func prepare(writingTo socket: DirectSocket) {
        self.socket = socket
    }

    final func begin(_ context: ChannelHandlerContext) {
        self.context = context
        isWritable = context.channel.isWritable
        loop.register(self)
    }

    /// Queues bytes that may be shared with other connections.
    ///
    /// - Parameter rule: how these bytes may give way to others; nil: not at all. Asked for only if they have to wait.
    final func enqueue(_ bytes: ByteBuffer, _ rule: @autoclosure () -> DropRule? = nil) {
        guard let context else { return }
        if pending != nil {
            if joinPending(bytes) { return }
            passPending(context)
        }
        if outbound.isEmpty, isWritable {
            if channelIsEmpty(context) {
                pending = bytes
                pendingIsOwn = false
            } else {
                write(bytes, context)
            }
            loop.markDirty(self)
            return
        }
        // It leaves when the channel is writable again.
        if case .overflow = outbound.append(bytes, rule: rule(), limits: outboundLimits, dropped: loop.dropped) {
            outboundOverflowed()
        }
    }

    /// Puts short bytes behind what waits for the flush already, so that one write takes all.
    private final func joinPending(_ bytes: ByteBuffer) -> Bool {
        guard bytes.readableBytes <= Self.copiedBytes, let first = pending else { return false }
        if pendingIsOwn {
            guard first.writableBytes >= bytes.readableBytes else { return false }
        } else {
            guard first.readableBytes <= Self.copiedBytes else { return false }
            var joined = loop.writeBuffers.take()
            joined.writeImmutableBuffer(first)
            pending = joined
            pendingIsOwn = true
        }
        pending?.writeImmutableBuffer(bytes)
        return true
    }

    /// Queues bytes that nobody else gets. What is short shares a buffer with the rest of its tick: one write takes all.
    ///
    /// - Parameters:
    ///   - size: about how many bytes will be written; a good guess saves a reallocation.
    ///   - write: appends to the buffer, which may hold something already, and says whether that is to be sent.
    final func append(size: Int, _ write: (inout ByteBuffer) -> Bool) {
        guard var bytes = collector(for: size) else {
            guard context != nil else { return }
            var bytes = ByteBuffer()
            bytes.reserveCapacity(size)
            if write(&bytes) { enqueue(bytes) }
            return
        }
        let start = bytes.writerIndex
        if !write(&bytes) { bytes.moveWriterIndex(to: start) }
        pending = bytes
    }

    /// The buffer to append to. nil when this is too long for one, and while the channel does not take everything: what
    /// waits is kept in buffers of its size, so that it takes as much memory as is counted.
    private final func collector(for size: Int) -> ByteBuffer? {
        if pendingIsOwn, let bytes = pending.take() {
            if bytes.writableBytes >= size { return bytes }
            pending = bytes
        }
        guard size <= WriteBuffers.size / 2, let context else { return nil }
        if !pendingIsOwn, let first = pending, first.readableBytes <= Self.copiedBytes {
            pending = nil
            pendingIsOwn = true
            var joined = loop.writeBuffers.take()
            joined.writeImmutableBuffer(first)
            return joined
        }
        passPending(context)
        guard outbound.isEmpty, isWritable, channelIsEmpty(context) else { return nil }
        loop.markDirty(self)
        pendingIsOwn = true
        return loop.writeBuffers.take()
    }

    /// Whether all that the channel was given has been written.
    private final func channelIsEmpty(_ context: ChannelHandlerContext) -> Bool {
        guard channelHoldsBytes else { return true }
        guard (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 else { return false }
        channelHoldsBytes = false
        return true
    }

    /// Everything that the channel gets comes this way. It leaves with the next flush.
    private final func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        channelHoldsBytes = true
        context.write(NIOAny(bytes), promise: nil)
    }

    private final func passPending(_ context: ChannelHandlerContext) {
        guard let bytes = pending.take() else { return }
        guard pendingIsOwn, bytes.readableBytes < Self.copiedBytes else { return write(bytes, context) }
        write(ByteBuffer(bytes: bytes.readableBytesView), context)
        loop.writeBuffers.giveBack(bytes)
    }

    /// Up to here, copying bytes costs less than writing them by themselves.
    private static let copiedBytes = 1_024

    /// Writes at once what is too long to be copied, so that nobody keeps its memory longer than the kernel takes to copy it.
    ///
    /// Returns whether it did: not when something waits, as what is queued may be dropped and must be whole frames.
    final func writeNow(_ head: ByteBuffer, _ body: ByteBuffer) -> Bool {
        guard let context else { return false }
        passPending(context)
        guard outbound.isEmpty, isWritable else { return false }
        write(head, context)
        write(body, context)
        context.flush()
        return true
    }

    /// Queues what ends the connection, whatever waits already.
    final func enqueueLast(_ bytes: ByteBuffer) {
        guard let context else { return }
        passPending(context)
        if outbound.isEmpty {
            write(bytes, context)
        } else {
            var limits = OutboundLimits()
            limits.maxBytes = .max
            _ = outbound.append(bytes, limits: limits)
        }
        loop.markDirty(self)
    }

    package final override func flushNow() {
        guard let context else { return }
        guard let bytes = pending.take() else { return context.flush() }
        let taken = socket.write(bytes)
        guard taken < bytes.readableBytes else {
            if pendingIsOwn { loop.writeBuffers.giveBack(consume bytes) }
            return
        }
        // The channel waits until the kernel has room, or finds out what is wrong.
        var rest = bytes
        rest.moveReaderIndex(forwardBy: taken)
        write(rest, context)
        context.flush()
    }

    final func writabilityChanged(_ context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        guard isWritable, !outbound.isEmpty else { return }
        // Writing may pass the high-water mark, which calls this again, from within.
        while isWritable, let bytes = outbound.popFirst() {
            write(bytes, context)
        }
        context.flush()
        if outbound.isEmpty { outboundDrained() }
    }

    /// Calls `body` once everything queued has been taken by the kernel, or never.
    final func whenWritten(_ body: @escaping () -> Void) {
        guard let context else { return }
        passPending(context)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(NIOAny(ByteBuffer()), promise: written)
        written.futureResult.assumeIsolated().whenComplete { _ in body() }
    }

    /// The connection is gone: nothing of it is kept, and it is counted no more.
    final func finishOutput() {
        loop.unregister(self)
        loop.statistics.connectionsOpen -= 1
        loop.admission?.release()
        context = nil
        socket = .none
        pending = nil
        outbound.removeAll()
    }
}
