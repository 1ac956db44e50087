// Firecrest — what a test's connection received, until the test takes it.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The only handler of a client's channel.
final class ByteInbox: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private struct State {
        var bytes = ByteBuffer()
        var end: StreamEnd?
    }

    private let state = Awaited(State())

    // MARK: from the channel

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        state.change { $0.bytes.writeBuffer(&bytes) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        state.change { $0.end = $0.end ?? .reset }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.change { $0.end = $0.end ?? .eof }
    }

    // MARK: for the test

    enum Taken {
        case bytes(ByteBuffer)
        case end(StreamEnd)
        case late
    }

    /// The bytes that came since the last call, waiting for some until `deadline`.
    func take(until deadline: NIODeadline, on eventLoop: any EventLoop) async throws -> Taken {
        try await state.wait(until: deadline, on: eventLoop) { state -> Taken? in
            if state.bytes.readableBytes > 0 {
                defer { state.bytes = ByteBuffer() }
                return .bytes(state.bytes)
            }
            return state.end.map { .end($0) }
        } ?? .late
    }
}

/// How a connection ended, as its client sees it.
package enum StreamEnd: Sendable, Hashable {
    /// The server closed its side in order.
    case eof
    /// The kernel reported an error, most often a reset.
    case reset
}
