// Firecrest — the hub: hands what one worker publishes to all others.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
package import Logging
package import NIOCore
internal import NIOConcurrencyHelpers
internal import NIOPosix

/// A Unix socket in the supervising process that all workers are connected to.
///
/// Isolation: `Sendable`. All links live on one event loop.
package final class Hub: Sendable {
    package let address: HubAddress
    private let eventLoop: any EventLoop
    private let core: NIOLoopBoundBox<HubCore>
    private let listener = NIOLockedValueBox<(any Channel)?>(nil)

    /// - Parameters:
    ///   - group: one of its loops is used.
    ///   - user: whose processes may connect; nil, the default, for this process's user.
    package init(
        address: HubAddress, limits: HubLimits = HubLimits(), logger: Logger, group: any EventLoopGroup,
        user: UInt32? = nil
    ) {
        self.address = address
        eventLoop = group.next()
        core = .makeBoxSendingValue(
            HubCore(
                key: address.key, limits: limits, user: user ?? PeerUser.own, logger: logger, eventLoop: eventLoop),
            eventLoop: eventLoop)
    }

    /// Listens. A socket file that is left over is removed.
    ///
    /// - Throws: when the path cannot be bound, for example as it is longer than a socket's may be.
    package func start() async throws {
        let core = core
        let bootstrap = ServerBootstrap(group: eventLoop, childGroup: eventLoop)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                PeerUser.of(channel).flatMapThrowing { user in
                    try channel.pipeline.syncOperations.addHandler(HubLink(core: core.value, user: user))
                }
            }
        let channel = try await bootstrap.bind(
            unixDomainSocketPath: address.path, cleanupExistingSocketFile: true
        ).get()
        listener.withLockedValue { $0 = channel }
        guard chmod(address.path, 0o600) == 0 else {
            let reason = IOError(errnoCode: errno, reason: "chmod \(address.path)")
            await stop()
            throw reason
        }
    }

    /// Closes all links and removes the socket. Workers try to come back until they end.
    package func stop() async {
        let channel = listener.withLockedValue { listener in
            defer { listener = nil }
            return listener
        }
        guard let channel else { return }
        try? await channel.close()
        unlink(address.path)
        let core = core
        try? await eventLoop.submit { core.value.closeAll() }.get()
    }

    package func statistics() async -> HubStatistics {
        let core = core
        return (try? await eventLoop.submit { core.value.currentStatistics }.get()) ?? HubStatistics()
    }
}
