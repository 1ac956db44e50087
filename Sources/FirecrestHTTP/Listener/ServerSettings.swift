// Firecrest — what every connection of a listener needs to know.
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore
internal import NIOHTTP1

/// Shared by all connections of an endpoint; immutable.
package struct ServerSettings: Sendable {
    package var mounts: [Mount]
    package var responder: RouteResponder
    package var limits: HTTPLimits
    package var logger: Logger
    package var admission = Admission()
    package var trust = ProxyTrust.nobody
    /// What else stands before HTTP on a new connection: for tests that look at its bytes. Called on the connection's loop.
    package var prelude: (@Sendable (any Channel) throws -> Void)?

    package init(
        mounts: [Mount], responder: RouteResponder = .none, limits: HTTPLimits = HTTPLimits(),
        logger: Logger
    ) {
        self.mounts = mounts
        self.responder = responder
        self.limits = limits
        self.logger = logger
    }

    /// Fills the pipeline of a new connection. Called on its loop.
    func configure(_ channel: any Channel, loop: LoopContext, entry: ListenerEntry) throws {
        let pipeline = channel.pipeline.syncOperations
        if entry.hasProxyHeader { try pipeline.addHandler(ProxyHeaderHandler(loop: loop, logger: logger)) }
        if let tls = entry.tls { try pipeline.addHandler(tls.makeHandler()) }
        try prelude?(channel)
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(RequestDecoder(limits: limits)))
        try pipeline.addHandler(ConnectionHandler(loop: loop, server: self, entry: entry))
    }

    func encoder(of pipeline: ChannelPipeline.SynchronousOperations) -> ChannelHandlerContext? {
        try? pipeline.context(handlerType: HTTPResponseEncoder.self)
    }

    func decoder(of pipeline: ChannelPipeline.SynchronousOperations) -> ChannelHandlerContext? {
        try? pipeline.context(handlerType: ByteToMessageHandler<RequestDecoder>.self)
    }
}
