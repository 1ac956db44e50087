// Firecrest — what a test's connection received, until the test takes it.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOConcurrencyHelpers

/// The only handler of a client's channel.
final class ByteInbox: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private struct State {
        var bytes = ByteBuffer()
        var end: StreamEnd?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())

    // MARK: from the channel

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        change { $0.bytes.writeBuffer(&bytes) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        change { $0.end = $0.end ?? .reset }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        change { $0.end = $0.end ?? .eof }
    }

    private func change<Result>(_ body: (inout State) -> Result) {
        let waiters = state.withLockedValue { state in
            _ = body(&state)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: for the test

    enum Taken {
        case bytes(ByteBuffer)
        case end(StreamEnd)
        case late
    }

    /// The bytes that came since the last call, waiting for some until `deadline`.
    func take(until deadline: NIODeadline, on eventLoop: any EventLoop) async throws -> Taken {
        while true {
            let taken: Taken? = state.withLockedValue { state in
                if state.bytes.readableBytes > 0 {
                    defer { state.bytes = ByteBuffer() }
                    return .bytes(state.bytes)
                }
                return state.end.map { .end($0) }
            }
            if let taken { return taken }
            try Task.checkCancellation()
            guard NIODeadline.now() < deadline else { return .late }
            await waitForChange(until: deadline, on: eventLoop)
        }
    }

    private func waitForChange(until deadline: NIODeadline, on eventLoop: any EventLoop) async {
        let timer = eventLoop.scheduleTask(deadline: deadline) { self.change { _ in } }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLockedValue { state in
                    // What woke before there was a waiter is seen here.
                    if state.bytes.readableBytes > 0 || state.end != nil || Task.isCancelled
                        || NIODeadline.now() >= deadline
                    {
                        return true
                    }
                    state.waiters.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            change { _ in }
        }
        timer.cancel()
    }
}

/// How a connection ended, as its client sees it.
package enum StreamEnd: Sendable, Hashable {
    /// The server closed its side in order.
    case eof
    /// The kernel reported an error, most often a reset.
    case reset
}
