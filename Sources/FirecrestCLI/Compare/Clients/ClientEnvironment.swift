// Firecrest — what the clients of one way share: where to connect, what to send, what is counted.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// Isolation: not Sendable; belongs to its way's client loop.
final class ClientEnvironment {
    let loop: any EventLoop
    let authority: String
    let headers: BrowserHeaders
    var counters = WayCounters()
    /// Gets every read and write of every connection.
    var observer: ((Transfer) -> Void)?

    private let port: Int

    init(loop: any EventLoop, port: Int, headers: CompareSettings.Headers) {
        self.loop = loop
        self.port = port
        authority = "127.0.0.1:\(port)"
        self.headers = BrowserHeaders(headers, authority: authority)
    }

    /// Opens a connection with `handler` behind the byte counter. `failed` is called instead when that does not work.
    func connect(_ handler: any ChannelHandler, failed: @escaping (String) -> Void) {
        let counter = ByteCounter(self)
        counters.connectionsOpened += 1
        let parts = NIOLoopBound((counter, handler), eventLoop: loop)
        let failed = NIOLoopBound(failed, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([parts.value.0, parts.value.1])
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .whenFailure { failed.value("\($0)") }
    }

    /// Runs `body` on the loop after a delay.
    @discardableResult
    func schedule(in delay: TimeAmount, _ body: @escaping () -> Void) -> Scheduled<Void> {
        loop.assumeIsolated().scheduleTask(in: delay, body)
    }

    func failed(_ reason: String) {
        counters.failures += 1
        counters.lastFailure = reason
    }
}

@available(*, unavailable)
extension ClientEnvironment: Sendable {}
