// Firecrest — counts every byte of a client's socket.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The outermost handler of a connection: what it sees is what the kernel gets and gives.
///
/// Isolation: not Sendable; belongs to its way's client loop.
final class ByteCounter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let environment: ClientEnvironment
    private let number: Int

    init(_ environment: ClientEnvironment) {
        self.environment = environment
        number = environment.counters.connectionsOpened
    }

    func channelActive(context: ChannelHandlerContext) {
        environment.counters.connections += 1
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        environment.counters.connections -= 1
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let count = unwrapInboundIn(data).readableBytes
        environment.counters.bytesDown += count
        environment.observer?(Transfer(source: .server, bytes: count, connection: number))
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let count = unwrapOutboundIn(data).readableBytes
        let promise = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound(environment, eventLoop: context.eventLoop)
        let number = number
        // Bytes that the kernel never took were not sent.
        promise.futureResult.whenSuccess {
            bound.value.counters.bytesUp += count
            bound.value.observer?(Transfer(source: .client, bytes: count, connection: number))
        }
        context.write(data, promise: promise)
    }
}

@available(*, unavailable)
extension ByteCounter: Sendable {}

/// One read from a client's socket, or one write to it.
struct Transfer: Sendable, Equatable {
    /// Who sent the bytes.
    var source: Source
    var bytes: Int
    /// Counted from 0 in the order in which the way's connections were opened.
    var connection: Int
}
