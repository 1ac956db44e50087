// Firecrest — the output side of a connection: queued in user space when the kernel is full, flushed once per tick.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A connection that sends shared buffers: a WebSocket or a stream. Subclasses say what they read, and when they end.
///
/// Isolation: belongs to its loop.
package class OutboundConnection: LoopConnection {
    /// The channel's own flag, kept here because asking for it costs as much as queueing a frame.
    private final var isWritable = true
    package final let loop: LoopContext
    final var context: ChannelHandlerContext?
    final var outbound = OutboundQueue()

    init(loop: LoopContext) {
        self.loop = loop
        super.init()
    }

    /// What a connection that does not read may have waiting for it.
    var outboundLimits: OutboundLimits { OutboundLimits() }

    /// More waits than may.
    func outboundOverflowed() {}

    /// Everything queued has left user space while the channel was not writable before.
    func outboundDrained() {}

    final func begin(_ context: ChannelHandlerContext) {
        self.context = context
        isWritable = context.channel.isWritable
        loop.register(self)
    }

    final func enqueue(_ bytes: ByteBuffer) {
        guard let context else { return }
        if outbound.isEmpty, isWritable {
            context.write(NIOAny(bytes), promise: nil)
            loop.markDirty(self)
            return
        }
        switch outbound.append(bytes, limits: outboundLimits) {
        case .queued: loop.markDirty(self)
        case .dropped: break
        case .overflow: outboundOverflowed()
        }
    }

    /// Queues what ends the connection, whatever waits already.
    final func enqueueLast(_ bytes: ByteBuffer) {
        guard let context else { return }
        if outbound.isEmpty {
            context.write(NIOAny(bytes), promise: nil)
        } else {
            var limits = outboundLimits
            limits.maxBytes = .max
            _ = outbound.append(bytes, limits: limits)
        }
        loop.markDirty(self)
    }

    package final override func flushNow() {
        context?.flush()
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
        outbound.removeAll()
    }
}
