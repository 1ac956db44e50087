// Firecrest — the hub's side of one link, which welcomes a worker and says what a test wants
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import FirecrestWorkers
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

final class LoneHub: Sendable {
    private let listener: any Channel
    private let link: EventLoopFuture<any Channel>

    private init(_ listener: any Channel, _ link: EventLoopFuture<any Channel>) {
        (self.listener, self.link) = (listener, link)
    }

    /// Such a hub and a worker that is linked to it, for the length of `body`.
    static func run(
        limits: HubLimits = HubLimits(), log: RecordedLog = RecordedLog(),
        _ body: (LoneHub, HubWorker) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let hub = try await listen(folder.path("hub"))
        let worker = HubWorker(
            HubAdapter(
                address: HubAddress(path: folder.path("hub"), key: "k"), worker: WorkerID(slot: 4, life: 1),
                limits: limits, logger: log.logger))
        do {
            try await worker.adapter.start()
            try await body(hub, worker)
        } catch {
            await hub.close()
            await worker.adapter.stop()
            throw error
        }
        await hub.close()
        await worker.adapter.stop()
    }

    private static func listen(_ path: String) async throws -> LoneHub {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let link = loop.makePromise(of: (any Channel).self)
        let listener = try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    var welcome = ByteBuffer()
                    HubFrame.writeWelcome(maxFrameBytes: 1 << 20, to: &welcome)
                    try channel.pipeline.syncOperations.addHandler(Welcome(welcome))
                    link.succeed(channel)
                }
            }
            .bind(unixDomainSocketPath: path).get()
        return LoneHub(listener, link.futureResult)
    }

    func send(_ bytes: ByteBuffer) async throws {
        try await link.get().writeAndFlush(bytes)
    }

    func stopReading() async throws {
        try await link.get().setOption(.autoRead, value: false).get()
    }

    private func close() async {
        try? await listener.close()
        try? await link.get().close()
    }

    private final class Welcome: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let bytes: ByteBuffer

        init(_ bytes: ByteBuffer) {
            self.bytes = bytes
        }

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
    }
}
