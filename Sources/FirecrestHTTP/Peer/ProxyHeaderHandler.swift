// Firecrest — takes the PROXY protocol header off a new connection.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import Logging
internal import NIOCore

/// Stands first on a connection of a listener that expects a PROXY protocol header: before TLS, which the proxy passes on.
///
/// Fires the header as an event, hands on what came behind it, and is gone. A connection that begins with anything else is
/// closed without an answer, as there is nobody who would understand one. How long a header may take is the connection
/// handler's to say.
///
/// Isolation: belongs to its loop.
package final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The largest header of version 2, in bytes. An address and the extensions of a load balancer take some hundred; 4 KiB
    /// have room for a client's certificate's names.
    package static let maxHeaderBytes = 4_096

    private let loop: LoopContext
    private let logger: Logger
    /// What came until now. More than a header's size only by what one read brought.
    private var received: ByteBuffer?
    private var isDone = false

    init(loop: LoopContext, logger: Logger) {
        self.loop = loop
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        var bytes = unwrapInboundIn(data)
        if var earlier = received {
            earlier.writeBuffer(&bytes)
            bytes = earlier
        }
        do throws(ProxyHeaderError) {
            guard let header = try ProxyHeader.read(from: &bytes, maxBytes: Self.maxHeaderBytes) else {
                received = bytes
                return
            }
            received = bytes
            isDone = true
            context.fireUserInboundEventTriggered(header)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            isDone = true
            received = nil
            loop.statistics.proxyHeadersRefused += 1
            loop.log(
                .proxyHeaderRefused, .warning, to: logger,
                "A connection to a listener that expects the PROXY protocol began with something else and is closed; let the proxy send the header, or turn proxyProtocol off.",
                metadata: ["error": "\(error)", "peer": "\(context.remoteAddress?.ipAddress ?? "unix")"])
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        guard let rest = received, rest.readableBytes > 0 else { return }
        received = nil
        context.fireChannelRead(wrapInboundOut(rest))
        context.fireChannelReadComplete()
    }
}
