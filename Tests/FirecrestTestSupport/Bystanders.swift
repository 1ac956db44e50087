// Firecrest — well-behaved clients that must not notice what other clients do.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import NIOCore
internal import NIOPosix

/// A hundred connections, each with a joined channel, that send heartbeats and time the replies.
///
/// They live on an event loop of their own and not in tasks: what is measured is the server and the kernel, not how busy
/// the tests' thread pool is.
package enum Bystanders {
    /// What they saw.
    package struct Report: Sendable, CustomStringConvertible {
        package var connections = 0
        package var heartbeats = 0
        /// Connections that ended.
        package var lost = 0
        /// Of all round trips; a heartbeat that is unanswered at the end counts with its age.
        package var p99 = Duration.zero
        package var slowest = Duration.zero

        package var description: String {
            "\(connections) bystanders, \(lost) lost, \(heartbeats) heartbeats, p99 \(p99), slowest \(slowest)"
        }
    }

    /// What the p99 of a heartbeat must stay under: 250 ms. A sanitizer makes everything many times slower, which says
    /// nothing of the server; `make sanitize-…` announces itself by FIRECREST_SANITIZER, and the bound is then 5 s.
    package static let bound: Duration = isSanitized ? .seconds(5) : .milliseconds(250)
    package static let isSanitized = getenv("FIRECREST_SANITIZER") != nil

    /// Runs `body` with bystanders on `server`, from before it begins until each has had a reply after it ended.
    ///
    /// - Parameters:
    ///   - topic: what each joins; its socket is at `path`.
    ///   - interval: between two heartbeats of one connection.
    package static func watch(
        _ server: TestServer, count: Int = 100, topic: String = "room:bystanders",
        path: String = TestClient.socketPath, every interval: Duration = .milliseconds(100),
        _ body: () async throws -> Void
    ) async throws -> Report {
        try await watch(port: server.port, count: count, topic: topic, path: path, every: interval, body)
    }

    /// The same with a server that is known by its port alone.
    package static func watch(
        port: Int, count: Int = 100, topic: String = "room:bystanders", path: String = TestClient.socketPath,
        every interval: Duration = .milliseconds(100), _ body: () async throws -> Void
    ) async throws -> Report {
        let loop = group.next()
        let shared = NIOLoopBoundBox.makeBoxSendingValue(Samples(), eventLoop: loop)
        var channels: [any Channel] = []
        for _ in 0..<count {
            let joined = loop.makePromise(of: Void.self)
            let limit = loop.scheduleTask(in: .seconds(10)) {
                joined.fail(TestFailure("a bystander could not join \(topic) within 10 s"))
            }
            let channel = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            Bystander(
                                samples: shared.value, request: TestClient.upgradeRequest(path), topic: topic,
                                interval: TimeAmount(interval), joined: joined))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
            channels.append(channel)
            try await joined.futureResult.get()
            limit.cancel()
        }
        do {
            try await body()
            // One more round, so that the last moments are measured too.
            let ended = NIODeadline.now()
            let isThrough = try await waitUntil(within: .seconds(2)) {
                try await loop.submit { shared.value.everyoneHeard(since: ended) }.get()
            }
            let report = try await loop.submit { shared.value.report(connections: count) }.get()
            close(channels)
            forget(shared)
            guard isThrough || report.lost > 0 || report.p99 > .seconds(1) else {
                throw TestFailure("bystanders had no reply for 2 s: \(report)")
            }
            return report
        } catch {
            close(channels)
            forget(shared)
            throw error
        }
    }

    private static func close(_ channels: [any Channel]) {
        for channel in channels { channel.close(promise: nil) }
    }

    /// They and their samples know each other.
    private static func forget(_ samples: NIOLoopBoundBox<Samples>) {
        samples.eventLoop.execute { samples.value.bystanders = [] }
    }

    private static func waitUntil(
        within limit: Duration, _ condition: () async throws -> Bool
    ) async throws -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while true {
            if try await condition() { return true }
            guard clock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}

/// Isolation: belongs to the bystanders' loop.
private final class Samples {
    var roundTrips: [TimeAmount] = []
    var lost = 0
    var bystanders: [Bystander] = []

    func everyoneHeard(since moment: NIODeadline) -> Bool {
        bystanders.allSatisfy { $0.isLost || $0.lastAnswered >= moment }
    }

    func report(connections: Int) -> Bystanders.Report {
        let now = NIODeadline.now()
        let waiting = bystanders.compactMap { bystander in
            bystander.isLost ? nil : bystander.unansweredSince.map { now - $0 }
        }
        let sorted = (roundTrips + waiting).sorted()
        var report = Bystanders.Report(connections: connections, heartbeats: sorted.count, lost: lost)
        if let slowest = sorted.last {
            report.slowest = .nanoseconds(slowest.nanoseconds)
            report.p99 = .nanoseconds(sorted[(sorted.count - 1) * 99 / 100].nanoseconds)
        }
        return report
    }
}

/// One of them: upgrade, join, then a heartbeat per interval, the next never before the last one's reply.
///
/// Isolation: belongs to the bystanders' loop.
private final class Bystander: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Phase { case upgrading, joining, beating }

    private let samples: Samples
    private let request: String
    private let topic: String
    private let interval: TimeAmount
    private let joined: EventLoopPromise<Void>
    private var context: ChannelHandlerContext?
    private var phase = Phase.upgrading
    private var unread = ByteBuffer()
    private var frames = FrameReader()
    private(set) var unansweredSince: NIODeadline?
    private(set) var lastAnswered = NIODeadline.uptimeNanoseconds(0)
    private(set) var isLost = false

    init(
        samples: Samples, request: String, topic: String, interval: TimeAmount, joined: EventLoopPromise<Void>
    ) {
        self.samples = samples
        self.request = request
        self.topic = topic
        self.interval = interval
        self.joined = joined
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        samples.bystanders.append(self)
        context.writeAndFlush(NIOAny(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        unread.writeBuffer(&bytes)
        if phase == .upgrading {
            let view = unread.readableBytesView
            let mark = Array("\r\n\r\n".utf8)
            guard let end = view.indices.first(where: { view[$0...].starts(with: mark) }) else { return }
            let head = unread.readString(length: end - view.startIndex + mark.count) ?? ""
            guard head.hasPrefix("HTTP/1.1 101 ") else {
                return joined.fail(TestFailure("a bystander was refused: \(head)"))
            }
            phase = .joining
            send(joinRef: "1", ref: "1", topic, "phx_join")
        }
        do {
            while let frame = try frames.next(&unread) { received(frame) }
        } catch {
            context.close(promise: nil)
        }
        if unread.readableBytes == 0 { unread = ByteBuffer() }
    }

    private func received(_ frame: ReceivedFrame) {
        guard case .text(let text) = frame, text.contains("phx_reply") else { return }
        switch phase {
        case .upgrading: break
        case .joining:
            guard text.contains(#""ok""#) else {
                return joined.fail(TestFailure("a bystander may not join: \(text)"))
            }
            phase = .beating
            joined.succeed()
            beat()
        case .beating:
            let now = NIODeadline.now()
            guard let sent = unansweredSince else { return }
            unansweredSince = nil
            lastAnswered = sent
            samples.roundTrips.append(now - sent)
            context?.eventLoop.assumeIsolated().scheduleTask(in: interval) { self.beat() }
        }
    }

    private func beat() {
        guard context != nil else { return }
        unansweredSince = .now()
        send(joinRef: nil, ref: "h", "phoenix", "heartbeat")
    }

    private func send(joinRef: String?, ref: String, _ topic: String, _ event: String) {
        let join = joinRef.map { "\"\($0)\"" } ?? "null"
        let frame = RawFrame(#"[\#(join),"\#(ref)","\#(topic)","\#(event)",{}]"#)
        context?.writeAndFlush(NIOAny(frame.bytes), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        isLost = true
        samples.lost += 1
        joined.fail(TestFailure("a bystander's connection ended"))
    }
}
