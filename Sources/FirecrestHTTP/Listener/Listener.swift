// Firecrest — accepts connections and gives each to its loop.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
package import NIOCore
internal import NIOPosix

/// The listening sockets of one endpoint.
package struct Listener: Sendable {
    /// Bytes that the kernel takes for a client beyond those that it has sent: the rest waits in user space, where it is
    /// counted and a newer message can take its place. The kernel by itself would take some 3 MB, which a client that is
    /// behind must read before it sees anything new, and 1,000 such clients would fill 3 GB. What is sent and not yet
    /// acknowledged does not count, so long distances are as fast as ever.
    package static let maxUnsentBytes = 131_072

    private let channels: [any Channel]

    /// What the sockets are bound to, with the ports that the system chose.
    package var addresses: [SocketAddress] { channels.compactMap(\.localAddress) }

    /// Binds every address, or none.
    ///
    /// - Parameter context: the state of one of `group`'s loops; called on that loop.
    /// - Throws: `ListenError` with the address that cannot be used and the reason.
    package static func bind(
        _ addresses: [ListenAddress], settings: ServerSettings, group: any EventLoopGroup, backlog: Int32,
        context: @escaping @Sendable (any EventLoop) -> LoopContext?
    ) async throws -> Listener {
        for eventLoop in group.makeIterator() {
            try await eventLoop.submit { context(eventLoop)?.admission = settings.admission }.get()
        }
        let bootstrap = ServerBootstrap(group: group)
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
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let loop = context(channel.eventLoop) else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    // A Unix socket has no such option, and takes no more than 208 KiB.
                    try? channel.syncOptions?.setOption(
                        .tcpOption(.init(rawValue: TCP_NOTSENT_LOWAT)), value: .init(maxUnsentBytes))
                    try settings.configure(channel, loop: loop)
                }
            }
        var channels: [any Channel] = []
        for address in addresses {
            do {
                channels.append(try await bind(address, with: bootstrap))
            } catch {
                for channel in channels { try? await channel.close() }
                throw ListenError(address: address, reason: "\(error)")
            }
        }
        return Listener(channels: channels)
    }

    private static func bind(_ address: ListenAddress, with bootstrap: ServerBootstrap) async throws -> any Channel {
        switch address {
        case .hostname(let host, let port):
            try await bootstrap.bind(host: host, port: port).get()
        case .unixSocket(let path):
            // TCP options do not apply to Unix sockets; NIO ignores what the kernel does not know there.
            try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        case .descriptor(let number):
            try await bootstrap.withBoundSocket(number).get()
        }
    }

    /// Stops accepting. Connections go on.
    package func close() async {
        for channel in channels { try? await channel.close() }
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
