// Firecrest — accepts connections and gives each to its loop.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import Logging
package import NIOCore
internal import NIOPosix

/// The listening sockets of one endpoint.
package struct Listener: Sendable {
    /// Bytes that the kernel takes for a client beyond those that it has sent: the rest waits in user space, where it is
    /// counted and a newer message can take its place. The kernel by itself would take some 3 MB, which a client that is
    /// behind must read before it sees anything new, and 1,000 such clients would fill 3 GB. What is sent and not yet
    /// acknowledged does not count, so long distances are as fast as ever.
    package static let maxUnsentBytes = 131_072

    private enum Place: Sendable {
        case channel(any Channel)
        case source(any ConnectionSource)
    }

    private let places: [Place]

    /// What the sockets are bound to, with the ports that the system chose: `127.0.0.1:4000`, `[::1]:4000`, or the path of
    /// a Unix socket.
    package var addresses: [String] {
        places.map { place in
            switch place {
            case .channel(let channel): channel.localAddress.map(Self.describe) ?? "?"
            case .source(let source): source.address
            }
        }
    }

    package static func describe(_ address: SocketAddress) -> String {
        guard let host = address.ipAddress, let port = address.port else { return address.pathname ?? "?" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Binds every address, or none.
    ///
    /// - Parameters:
    ///   - places: the addresses, each with the certificates of its `tls`.
    ///   - context: the state of one of `group`'s loops; called on that loop.
    /// - Throws: `ListenError` with the address that cannot be used and the reason.
    package static func bind(
        _ places: [(address: ListenAddress, tls: TLSContext?)], settings: ServerSettings, group: any EventLoopGroup,
        backlog: Int32,
        context: @escaping @Sendable (any EventLoop) -> LoopContext?
    ) async throws -> Listener {
        for eventLoop in group.makeIterator() {
            try await eventLoop.submit { context(eventLoop)?.admission = settings.admission }.get()
        }
        var listener = Listener(places: [])
        for (address, tls) in places {
            let entry = ListenerEntry(tls: tls, hasProxyHeader: address.proxyProtocol)
            let setUp: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
                channel.eventLoop.makeCompletedFuture { try prepare(channel, settings, entry, context) }
            }
            do {
                if case .handedDown(let handedDown) = address.kind {
                    try take(from: handedDown.source, group, logger: settings.logger, setUp)
                    listener = Listener(places: listener.places + [.source(handedDown.source)])
                } else {
                    let bootstrap = bootstrap(settings, group, backlog: backlog, context: context, setUp)
                    listener = Listener(places: listener.places + [.channel(try await bind(address, with: bootstrap))])
                }
            } catch {
                await listener.close()
                throw ListenError(address: address, reason: "\(error)")
            }
        }
        return listener
    }

    /// The first steps of a connection, on its loop.
    private static func prepare(
        _ channel: any Channel, _ settings: ServerSettings, _ entry: ListenerEntry,
        _ context: (any EventLoop) -> LoopContext?
    ) throws {
        guard let loop = context(channel.eventLoop) else { throw ChannelError.inappropriateOperationForState }
        // A Unix socket has no such option, and takes no more than 208 KiB.
        try? channel.syncOptions?.setOption(
            .tcpOption(.init(rawValue: TCP_NOTSENT_LOWAT)), value: .init(maxUnsentBytes))
        try settings.configure(channel, loop: loop, entry: entry)
    }

    private static func take(
        from source: any ConnectionSource, _ group: any EventLoopGroup, logger: Logger,
        _ setUp: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) throws {
        try source.start { descriptor in
            ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.maxMessagesPerRead, value: TransientReceiveAllocator.readsPerEvent)
                .channelOption(.recvAllocator, value: TransientReceiveAllocator())
                .channelInitializer(setUp)
                .withConnectedSocket(descriptor)
                .whenFailure { error in
                    source.lost()
                    // Most often the client has gone already.
                    logger.debug(
                        "A connection that was handed over could not be taken.", metadata: ["error": "\(error)"])
                }
        }
    }

    private static func bootstrap(
        _ settings: ServerSettings, _ group: any EventLoopGroup, backlog: Int32,
        context: @escaping @Sendable (any EventLoop) -> LoopContext?,
        _ setUp: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptGuard(
                            admission: settings.admission, loop: context(channel.eventLoop), logger: settings.logger))
                }
            }
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: TransientReceiveAllocator.readsPerEvent)
            .childChannelOption(.recvAllocator, value: TransientReceiveAllocator())
            .childChannelInitializer(setUp)
    }

    private static func bind(_ address: ListenAddress, with bootstrap: ServerBootstrap) async throws -> any Channel {
        switch address.kind {
        case .hostname(let host, let port):
            return try await bootstrap.bind(host: host, port: port).get()
        case .unixSocket(let path, let permissions):
            guard try !UnixSocketFile.isServed(path) else { throw UnixSocketFile.Taken() }
            // TCP options do not apply to Unix sockets; NIO ignores what the kernel does not know there.
            let channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            if let permissions { try UnixSocketFile.permit(permissions, path) }
            return channel
        case .descriptor(let number):
            return try await bootstrap.withBoundSocket(number).get()
        case .handedDown:
            throw ChannelError.operationUnsupported
        }
    }

    /// Stops accepting. Connections go on.
    package func close() async {
        for place in places {
            switch place {
            case .channel(let channel):
                // One whose loop is blocked closes when that goes on, or with the process.
                _ = await channel.close(mode: .all).value(before: .now + .seconds(2))
            case .source(let source): await source.stop()
            }
        }
    }
}

/// An address that the endpoint cannot listen at. Found at start.
package struct ListenError: Error, CustomStringConvertible {
    package let address: ListenAddress
    package let reason: String

    package var description: String {
        "cannot listen at \(address): \(reason); choose another address or port, or end what uses it"
    }
}
