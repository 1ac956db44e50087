// Firecrest — bad input 43: user code that throws, does not return, or blocks its thread.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct BlockedLoopTests {
    @Test func bad_43_a_blocked_loop_is_named_in_the_log_within_a_second_and_the_others_go_on() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await TestServer.run(options: options, share: .alone, socket("/socket", BlockSocket.self)) { server in
            let clients = try await TestClient.crowd(20) {
                let client = try await TestClient.connect(server)
                _ = try await client.join("block:1")
                return client
            }
            let victim = try #require(clients.first)
            let blocked = try await loop(of: victim)
            var others: [TestClient] = []
            for client in clients where try await loop(of: client) != blocked { others.append(client) }
            try #require(!others.isEmpty)

            let began = ContinuousClock.now
            try await victim.push(
                joinRef: "1", ref: "b", topic: "block:1", event: "block", payloadJSON: #"{"ms":2000}"#)
            var slowest = Duration.zero
            var namedAfter: Duration?
            while ContinuousClock.now - began < .milliseconds(1_500) {
                for client in others {
                    let sent = ContinuousClock.now
                    #expect(try await client.heartbeat().status == "ok")
                    slowest = max(slowest, ContinuousClock.now - sent)
                }
                if namedAfter == nil, !stalls(log).isEmpty { namedAfter = ContinuousClock.now - began }
            }
            #expect(slowest < Bystanders.bound)
            #expect(try #require(namedAfter) < .seconds(1))
            #expect(try await victim.receiveMessage().status == "ok")
            try await server.waitForStatistics("the stall is counted") { $0.loopStalls == 1 }
            // Said once, and once that it is over; the loop's number in both.
            try await wait(for: "the end of the stall in the log") { recoveries(log).count == 1 }
            #expect(stalls(log).count == 1)
            let named = try #require(stalls(log).first).metadata
            #expect(named["topic"] == "block:1" && named["event"] == "block" && named["code"] == "BlockChannel")
            let number = try #require(named["loop"])
            #expect(["0", "1"].contains(number))
            #expect(recoveries(log).first?.metadata["loop"] == number)
            let took = try #require(recoveries(log).first?.metadata["milliseconds"].flatMap { Int($0) })
            #expect((1_000...4_000).contains(took))
            for client in clients { #expect(try await client.heartbeat().status == "ok") }
        }
    }

    /// What blocks, and the names that the log has to have for it.
    struct Blocking: Sendable, CustomTestStringConvertible {
        let event: String
        var topic: String? = "block:1"
        var code = "BlockChannel"
        let act: @Sendable (TestClient, TestServer) async throws -> Void

        var testDescription: String { event }
    }

    static let blocking = [
        Blocking(event: "block") { client, _ in
            _ = try await client.join("block:1")
            try await client.push(
                joinRef: "1", ref: "b", topic: "block:1", event: "block", payloadJSON: #"{"ms":700}"#)
        },
        // Behind a wait: what runs then is a job of its own on the loop.
        Blocking(event: "late") { client, _ in
            _ = try await client.join("block:1")
            try await client.push(joinRef: "1", ref: "b", topic: "block:1", event: "late", payloadJSON: #"{"ms":700}"#)
        },
        Blocking(event: "join") { client, _ in
            try await client.push(
                joinRef: "1", ref: "1", topic: "block:1", event: "phx_join", payloadJSON: #"{"ms":700}"#)
        },
        Blocking(event: "handleInfo") { client, _ in
            _ = try await client.join("block:1")
            try await client.push(joinRef: "1", ref: "b", topic: "block:1", event: "info")
        },
        Blocking(event: "handleOut") { client, server in
            _ = try await client.join("block:1")
            try server.endpoint.broadcast("block:1", "out", [:] as JSON)
        },
        Blocking(event: "terminate") { client, _ in
            _ = try await client.join("block:1", payloadJSON: #"{"end":700}"#)
            try await client.push(joinRef: "1", ref: "l", topic: "block:1", event: "phx_leave")
        },
        Blocking(event: "connect", topic: nil, code: "BlockSocket") { _, server in
            _ = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&ms=700")
        },
        Blocking(event: "request", topic: "/slow?x=1", code: "route") { _, server in
            _ = try await TestClient.open(server).get("/slow?x=1")
        },
    ]

    @Test(arguments: blocking)
    func bad_43_whatever_blocks_a_loop_is_named_by_topic_and_event(_ blocking: Blocking) async throws {
        let log = RecordedLog()
        let metrics = PrometheusRegistry()
        let stuck = NIOLockedValueBox<[StuckLoop]>([])
        var options = EndpointOptions.test
        options.logger = log.logger
        options.metrics = metrics
        options.loopStallThreshold = .milliseconds(100)
        options.loopStallLimit = .milliseconds(300)
        options.onLoopStuck = { loop in stuck.withLockedValue { $0.append(loop) } }
        let router = Router()
        router.get("slow") { _, _ in
            usleep(700_000)
            return "done"
        }
        let pages = routes(router)
        try await TestServer.run(
            options: options, share: .alone, socket("/socket", BlockSocket.self), pages
        ) { server in
            let client = try await TestClient.connect(server)
            try await blocking.act(client, server)
            try await wait(for: "the stall in the log") { recoveries(log).count == 1 }
            for line in stalls(log) + recoveries(log) {
                #expect(line.metadata["event"] == blocking.event)
                #expect(line.metadata["topic"] == blocking.topic)
                #expect(line.metadata["code"] == blocking.code)
            }
            #expect(stalls(log).count == 1)
            let page = metrics.text()
            let counted = #"firecrest_blocking_calls_total{code="\#(blocking.code)",event="\#(blocking.event)"} 1"#
            #expect(page.contains(counted), "\(page.split(separator: "\n").filter { $0.contains("blocking") })")
            // Once, however long it goes on.
            let called = stuck.withLockedValue { $0 }
            #expect(called.count == 1)
            #expect(called.first?.code?.event == blocking.event)
            #expect(called.first?.code?.topic == blocking.topic)
            #expect(try #require(called.first).duration >= .milliseconds(300))
            #expect(called.first.map { "\($0.index)" } == stalls(log).first?.metadata["loop"])
        }
    }

    /// The names are read from another thread while channels come and go by the thousand; for the thread sanitizer.
    @Test func bad_43_names_are_read_while_channels_end() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        options.loopStallThreshold = .milliseconds(2)
        try await TestServer.run(options: options, share: .alone, socket("/socket", BlockSocket.self)) { server in
            let client = try await TestClient.connect(server)
            for round in 0..<150 {
                let ref = JSON.string("\(round)")
                #expect(try await client.join("block:\(round)", joinRef: ref, ref: ref).status == "ok")
                try await client.push(
                    joinRef: ref, ref: "b", topic: "block:\(round)", event: "block", payloadJSON: #"{"ms":3}"#)
                #expect(try await client.receiveMessage().ref == "b")
                try await client.push(joinRef: ref, ref: "l", topic: "block:\(round)", event: "phx_leave")
                #expect(try await client.receiveMessage().ref == "l")
                #expect(try await client.receiveMessage().event == "phx_close")
            }
            #expect(try await client.heartbeat().status == "ok")
        }
        // Whatever was named was named rightly.
        for topic in stalls(log).compactMap({ $0.metadata["topic"] }) { #expect(topic.hasPrefix("block:")) }
    }

    @Test func bad_43_an_offloaded_handler_that_blocks_holds_up_nobody() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await TestServer.run(options: options, share: .alone, socket("/socket", BlockSocket.self)) { server in
            let report = try await Bystanders.watch(server, topic: "block:bystanders") {
                let client = try await TestClient.connect(server)
                #expect(try await client.join("block:1").status == "ok")
                try await client.push(
                    joinRef: "1", ref: "b", topic: "block:1", event: "offload", payloadJSON: #"{"ms":1500}"#)
                // The connection goes on meanwhile, other channels of it too.
                #expect(try await client.heartbeat().status == "ok")
                #expect(try await client.join("block:2", joinRef: "2", ref: "2").status == "ok")
                #expect(try await client.receiveMessage().ref == "b")
            }
            expectUnharmed(report)
            #expect(stalls(log).isEmpty)
        }
    }

    @Test func bad_43_a_handler_that_never_returns_holds_up_its_channel_alone() async throws {
        try await TestServer.run(share: .alone, socket("/socket", BlockSocket.self)) { server in
            let report = try await Bystanders.watch(server, topic: "block:bystanders") {
                let client = try await TestClient.connect(server)
                #expect(try await client.join("block:1").status == "ok")
                try await client.push(joinRef: "1", ref: "b", topic: "block:1", event: "never")
                #expect(try await client.heartbeat().status == "ok")
                #expect(try await client.join("block:2", joinRef: "2", ref: "2").status == "ok")
                client.drop()
                // The client goes: what waits is cancelled, and nothing is left.
                try await server.waitForStatistics("its channels are gone") { $0.channelsOpen == 100 }
            }
            expectUnharmed(report)
        }
    }

    @Test func bad_43_a_handler_that_throws_ends_its_channel_alone() async throws {
        try await TestServer.run(share: .alone, socket("/socket", BlockSocket.self)) { server in
            let report = try await Bystanders.watch(server, topic: "block:bystanders") {
                let client = try await TestClient.connect(server)
                for round in 0..<200 {
                    let ref = JSON.string("\(round)")
                    #expect(try await client.join("block:1", joinRef: ref, ref: ref).status == "ok")
                    try await client.push(joinRef: ref, ref: "t", topic: "block:1", event: "throw")
                    let message = try await client.receiveMessage()
                    #expect(message.event == "phx_error")
                    #expect(message.joinRef == ref)
                }
                #expect(await server.statistics().channelCrashes == 200)
                #expect(try await client.heartbeat().status == "ok")
            }
            expectUnharmed(report)
        }
    }

    // MARK: parts

    private func loop(of client: TestClient) async throws -> JSON? {
        try await client.push(joinRef: "1", ref: "w", topic: "block:1", event: "where")
        return try await client.receiveMessage().response
    }

    private func stalls(_ log: RecordedLog) -> [RecordedLog.Line] {
        log.lines.filter { $0.message.hasPrefix("An event loop is blocked") && $0.level == .error }
    }

    private func recoveries(_ log: RecordedLog) -> [RecordedLog.Line] {
        log.lines.filter { $0.message.hasPrefix("An event loop goes on") }
    }

    private func wait(for what: String, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(5)
        while !condition() {
            guard ContinuousClock.now < deadline else { throw TestFailure("\(what) did not come within 5 s") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func expectUnharmed(_ report: Bystanders.Report) {
        #expect(report.lost == 0, "\(report)")
        #expect(report.heartbeats >= 100, "\(report)")
        #expect(report.p99 < Bystanders.bound, "\(report)")
    }
}

private struct BlockSocket: Socket {
    static let channels = Channels {
        channel("block:*", BlockChannel.self)
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        if let text = params.string("ms"), let milliseconds = UInt32(text) { usleep(milliseconds * 1_000) }
        return Assigns()
    }
}

private final class BlockChannel: Firecrest.Channel {
    struct Milliseconds: Decodable {
        let ms: UInt32
    }

    struct Failure: Error {}

    struct Info: Sendable {}

    private var blocksAtEnd: UInt32 = 0

    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        let wishes = try params.decode([String: UInt32].self)
        blocksAtEnd = wishes["end"] ?? 0
        usleep((wishes["ms"] ?? 0) * 1_000)
        return .ok
    }

    static var intercepts: [String] { ["out"] }

    func handleOut(_ broadcast: BroadcastInfo, _ socket: ChannelSocket) throws {
        usleep(700_000)
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        usleep(700_000)
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {
        usleep(blocksAtEnd * 1_000)
    }

    static var events: [Event<BlockChannel>] {
        on("info") { _, _, socket in
            socket.send(Info())
            return .ok
        }
        on("late", Milliseconds.self) { (_, message, _) async throws -> Reply in
            try await Task.sleep(for: .milliseconds(1))
            Self.block(message.ms)
            return .ok
        }
        on("where") { _, _, _ in .ok(["thread": .string("\(pthread_self())")] as JSON) }
        on("block", Milliseconds.self) { _, message, _ in
            usleep(message.ms * 1_000)
            return .ok
        }
        on("offload", Milliseconds.self, .offloaded) { message in
            usleep(message.ms * 1_000)
            return .ok
        }
        on("never") { (_, _, _) async throws -> Reply in
            try await Task.sleep(for: .seconds(3_600))
            return .ok
        }
        on("throw") { _, _, _ in throw Failure() }
    }

    private static func block(_ milliseconds: UInt32) {
        usleep(milliseconds * 1_000)
    }
}
