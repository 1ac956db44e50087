// Firecrest — the output side of a connection: queued in user space when the kernel is full, flushed once per tick.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A connection that sends shared buffers: a WebSocket or a stream. Subclasses say what they read, and when they end.
///
/// Isolation: belongs to its loop.
package class OutboundConnection: LoopConnection {
    /// The channel's own flag, kept here because asking for it costs as much as queueing a frame.
    private final var isWritable = true
    /// The kernel did not take all of the last flush, as far as is known.
    private final var isBacklogged = false
    package final let loop: LoopContext
    final var context: ChannelHandlerContext?
    final var outbound = OutboundQueue()
    /// What `append` has written in this tick and the channel has not got yet. There only while the channel takes
    /// everything, so nothing else can wait before it. Unchecked: taken out and put back, never accessed for longer.
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
    package final var isBehind: Bool { !outbound.isEmpty || !isWritable }

    /// Everything queued has left user space while the channel was not writable before.
    func outboundDrained() {}

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
        if let room = pending?.writableBytes, bytes.readableBytes <= min(room, Self.copiedBytes) {
            pending?.writeImmutableBuffer(bytes)
            return
        }
        passPending(context)
        if outbound.isEmpty, isWritable {
            context.write(NIOAny(bytes), promise: nil)
            loop.markDirty(self)
            return
        }
        switch outbound.append(bytes, rule: rule(), limits: outboundLimits, dropped: loop.dropped) {
        case .queued: loop.markDirty(self)
        case .dropped: break
        case .overflow: outboundOverflowed()
        }
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
        if let bytes = pending.take() {
            if bytes.writableBytes >= size { return bytes }
            pending = bytes
        }
        guard size <= WriteBuffers.size / 2, let context else { return nil }
        passPending(context)
        guard outbound.isEmpty, isWritable else { return nil }
        if isBacklogged {
            guard (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 else { return nil }
            isBacklogged = false
        }
        loop.markDirty(self)
        return loop.writeBuffers.take()
    }

    private final func passPending(_ context: ChannelHandlerContext) {
        guard let bytes = pending.take() else { return }
        guard bytes.readableBytes < Self.copiedBytes else { return context.write(NIOAny(bytes), promise: nil) }
        context.write(NIOAny(ByteBuffer(bytes: bytes.readableBytesView)), promise: nil)
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
        context.write(NIOAny(head), promise: nil)
        context.writeAndFlush(NIOAny(body), promise: nil)
        return true
    }

    /// Queues what ends the connection, whatever waits already.
    final func enqueueLast(_ bytes: ByteBuffer) {
        guard let context else { return }
        passPending(context)
        if outbound.isEmpty {
            context.write(NIOAny(bytes), promise: nil)
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
        context.writeAndFlush(NIOAny(bytes), promise: nil)
        isBacklogged = !loop.writeBuffers.giveBack(bytes)
    }

    final func writabilityChanged(_ context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        guard isWritable, !outbound.isEmpty else { return }
        // Writing may pass the high-water mark, which calls this again, from within.
        while isWritable, let bytes = outbound.popFirst() {
            context.write(NIOAny(bytes), promise: nil)
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
        pending = nil
        outbound.removeAll()
    }
}
