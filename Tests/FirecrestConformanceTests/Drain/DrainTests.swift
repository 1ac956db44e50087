// Firecrest — connections that are sent away as the endpoint stops (rows 259-264)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite("Drain", .oneProcess("each worker sends away its own connections"))
struct DrainTests {
    @Test("closes batch by batch, spread over the interval, and tells of each batch before")
    func phx_259_batches() async throws {
        try await DrainServer.run(.batches(of: 10, each: .milliseconds(100))) { server, watcher in
            let clients = try await TestClient.crowd(25) { try await TestClient.connect(server) }
            for client in clients { try await client.join("room:1") }
            let closes = Closes()
            async let stopped: Void = server.drain()
            try await closes.follow(clients)
            try await stopped

            let events = watcher.events(SocketDrain.self)
            #expect(SocketDrain.name == "phoenix.socket_drain")
            #expect(events.map(\.index) == [1, 2, 3])
            #expect(events.map(\.count) == [10, 10, 5])
            #expect(events.allSatisfy { $0.total == 25 && $0.rounds == 3 && $0.interval == .milliseconds(100) })
            #expect(events.allSatisfy { $0.endpoint == "node-1" && $0.socket == "WatchedSocket" && $0.log == .notice })
            #expect(closes.codes == Array(repeating: 1012, count: 25))
            // One every ten milliseconds, on two loops that take turns: the eleventh is the next batch's.
            let times = closes.times
            #expect(times[10] >= .milliseconds(100))
            #expect(times[20] >= .milliseconds(200))
            #expect(times[24] >= .milliseconds(230))
            for number in 0..<25 { #expect(times[number] >= .milliseconds(10 * (number - 2))) }
            #expect(watcher.events(SocketClosed.self).count { $0.wasDrained } == 25)
        }
    }

    @Test("tells the log and the metrics how far it is")
    func progress() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await DrainServer.run(.batches(of: 2, each: .seconds(20)), options: options) { server, watcher in
            let clients = try await TestClient.crowd(5) { try await TestClient.connect(server) }
            async let stopped: Void = server.drain()
            // One at once, the others in ten seconds each.
            try await server.waitForStatistics("the first is closed") {
                $0.connectionsDrained == 1 && $0.connectionsDraining == 4
            }
            #expect(watcher.events(SocketDrain.self).map(\.index) == [1])
            let line = try #require(log.lines.first { $0.message == "Connections of a socket are drained." })
            #expect(line.level == .notice)
            #expect(line.metadata["count"] == "2")
            #expect(line.metadata["total"] == "5")
            #expect(line.metadata["left"] == "3")
            #expect(line.metadata["round"] == "1 of 3")
            // As the second signal does: the rest at once.
            try await server.shutDown(closing: clients)
            try await stopped
            #expect(watcher.events(SocketDrain.self).map(\.index) == [1])
        }
    }

    @Test("takes connections without a channel too, and all transports")
    func phx_260_without_channels() async throws {
        try await DrainServer.run(.batches(of: 100, each: .milliseconds(100))) { server, watcher in
            let clients = try await TestClient.crowd(3) { try await TestClient.connect(server) }
            let (stream, _) = try await OneWayStream.join(server, "topic=room:1")
            let session = try await PollSession.open(server)
            let closes = Closes()
            async let stopped: Void = server.drain()
            try await closes.follow(clients)
            #expect(closes.codes == [1012, 1012, 1012])
            try await stream.client.waitForClose()
            try await stopped
            #expect(try await session.polls.waitForClose() == .eof)
            #expect(watcher.events(SocketDrain.self).map(\.total) == [5])
            #expect(watcher.events(SocketClosed.self).count { $0.wasDrained } == 5)
        }
    }

    @Test("without connections says nothing")
    func nobody() async throws {
        try await DrainServer.run(.batches(of: 10, each: .seconds(60))) { server, watcher in
            try await server.drain()
            #expect(watcher.events(SocketDrain.self).isEmpty)
        }
    }

    @Test("is off: all at once, with 1012 and without an event")
    func phx_261_drainer_false() async throws {
        try await DrainServer.run(false) { server, watcher in
            let clients = try await TestClient.crowd(5) { try await TestClient.connect(server) }
            let closes = Closes()
            async let stopped: Void = server.drain()
            try await closes.follow(clients)
            try await stopped
            #expect(closes.codes == Array(repeating: 1012, count: 5))
            #expect(watcher.events(SocketDrain.self).isEmpty)
        }
    }

    @Test("ends long-poll sessions in their turn; whoever polls on is sent elsewhere")
    func phx_262_long_poll() async throws {
        try await DrainServer.run(.batches(of: 1, each: .seconds(30))) { server, watcher in
            let sessions = [try await PollSession.open(server), try await PollSession.open(server)]
            for session in sessions { try await session.post(#"["1","1","room:1","phx_join",{}]"#) }
            async let stopped: Void = server.drain()
            try await server.waitForStatistics("one of two has ended") { $0.longPollSessionsOpen == 1 }
            var ended = 0
            for session in sessions {
                // The joins' replies wait for a poll; a session that has ended has none, and no new one begins here.
                let answer = try await session.polls.get(session.target + "&token=" + session.token)
                if answer.status == 200, answer.errorCode == nil {
                    #expect(answer.text.contains("phx_reply"))
                } else {
                    ended += 1
                    #expect(answer.status == 503)
                    #expect(answer.errorCode == "draining")
                    #expect(try await session.polls.waitForClose() == .eof)
                }
            }
            #expect(ended == 1)
            try await server.shutDown()
            try await stopped
        }
    }

    @Test("lets nobody in any more, by a new connection or by one that is open; other requests are answered")
    func phx_263_new_connections() async throws {
        try await DrainServer.run(.batches(of: 1, each: .seconds(30))) { server, watcher in
            let clients = try await TestClient.crowd(2) { try await TestClient.connect(server) }
            var waiting: [TestClient] = []
            for _ in 0..<4 { waiting.append(try await TestClient.open(server)) }
            for client in waiting { #expect(try await client.get("/readyz").text == "ready") }
            async let stopped: Void = server.drain()
            try await server.waitForStatistics("one is closed") { $0.connectionsDrained == 1 }
            #expect(try await waiting[0].get("/readyz").text == "draining")
            let answers = [
                try await waiting[1].upgrade(), try await waiting[2].get("/socket/longpoll?vsn=2.0.0"),
            ]
            for answer in answers {
                #expect(answer.status == 503)
                #expect(answer.errorCode == "draining")
                #expect(answer["connection"] == "close")
                #expect(answer.text.contains("connect again"))
            }
            // An EventSource comes back only after a stream that was one.
            let stream = try await waiting[3].get("/socket/sse?topic=room:1")
            #expect(stream.status == 200)
            #expect(stream["content-type"]?.hasPrefix("text/event-stream") == true)
            #expect(!stream.text.contains("event:"))
            let port = server.port
            await #expect(throws: (any Error).self) {
                try await TestClient.open(try SocketAddress(ipAddress: "127.0.0.1", port: port))
            }
            try await server.shutDown(closing: clients)
            try await stopped
            #expect(try await waiting[0].waitForClose() == .eof)
        }
    }

    @Test("lets those in that had come before and had not asked yet; they go with the last")
    func fresh() async throws {
        try await DrainServer.run(.batches(of: 1, each: .seconds(30))) { server, watcher in
            let clients = try await TestClient.crowd(2) { try await TestClient.connect(server) }
            let fresh = try await TestClient.open(server)
            try await server.waitForStatistics("it is accepted") { $0.connectionsOpen == 3 }
            async let stopped: Void = server.drain()
            try await server.waitForStatistics("one is closed") { $0.connectionsDrained == 1 }
            #expect(try await fresh.upgrade().status == 101)
            try await fresh.join("room:1")
            try await server.shutDown(closing: clients + [fresh])
            try await stopped
        }
    }

    @Test("closes what is left when its time is over, and says how many that were")
    func phx_264_limit() async throws {
        let log = RecordedLog()
        var endpoint = EndpointOptions.test
        endpoint.logger = log.logger
        var options = DrainOptions.batches(of: 1, each: .seconds(30))
        options.shutdown = .milliseconds(200)
        try await DrainServer.run(options, options: endpoint) { server, watcher in
            let clients = try await TestClient.crowd(20) { try await TestClient.connect(server) }
            let closes = Closes()
            async let stopped: Void = server.drain()
            try await closes.follow(clients)
            try await stopped
            #expect(closes.codes == Array(repeating: 1012, count: 20))
            #expect(closes.times[1] >= .milliseconds(200))
            #expect(closes.times[19] < .seconds(10))
            #expect(watcher.events(SocketDrain.self).map(\.count) == [1])
            let warnings = log.lines.filter { $0.level == .warning && $0.metadata["limit"] == "0.2 seconds" }
            #expect(warnings.compactMap { $0.metadata["connections"] } == ["20", "19"])
        }
    }
}

/// A server of `WatchedSocket` on all transports, with `/readyz`.
private enum DrainServer {
    static func run(
        _ drainer: DrainOptions, options: EndpointOptions = .test,
        _ body: (TestServer, Watcher) async throws -> Void
    ) async throws {
        let watcher = Watcher()
        var options = options
        options.nodeName = "node-1"
        options.telemetry = [watcher]
        options.checkOrigin = .any
        let running = NIOLockedValueBox<Endpoint?>(nil)
        let router = Router()
        router.get("/readyz") { _, _ in
            running.withLockedValue { $0 }?.isAccepting == true ? "ready" : "draining"
        }
        try await TestServer.run(
            options: options,
            socket("/socket", WatchedSocket.self, longpoll: true, sse: true, drainer: drainer), routes(router)
        ) { server in
            running.withLockedValue { $0 = server.endpoint }
            defer { running.withLockedValue { $0 = nil } }
            try await body(server, watcher)
        }
    }
}

extension DrainOptions {
    fileprivate static func batches(of size: Int, each interval: Duration) -> DrainOptions {
        DrainOptions {
            $0.batchSize = size
            $0.batchInterval = interval
            $0.shutdown = .seconds(600)
        }
    }
}

extension TestServer {
    /// At once; the clients answer what they are told.
    fileprivate func shutDown(closing clients: [TestClient]) async throws {
        async let stopped: Void = shutDown()
        try await Closes().follow(clients)
        try await stopped
    }
}

/// When clients were told to go, and how. They answer and go.
private final class Closes: Sendable {
    private let began = ContinuousClock.now
    private let seen = NIOLockedValueBox<[(time: Duration, code: UInt16?)]>([])

    func follow(_ clients: [TestClient]) async throws {
        try await clients.forEachAtOnce { client in
            let close = try await client.receiveClose(timeout: .seconds(20))
            self.seen.withLockedValue { $0.append((ContinuousClock.now - self.began, close.code)) }
            try await client.close(1012)
        }
    }

    var codes: [UInt16?] { seen.withLockedValue { $0.map(\.code) } }
    var times: [Duration] { seen.withLockedValue { $0.map(\.time).sorted() } }
}

extension SocketClosed {
    fileprivate var wasDrained: Bool { if case .draining = reason { true } else { false } }
}
