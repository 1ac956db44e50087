// Firecrest — broadcasts to clients that do not read: what they get when they read again, and who is told.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct SlowConsumerPolicyTests {
    // MARK: over WebSocket

    @Test func with_drop_oldest_a_client_that_reads_again_gets_the_newest_in_order() async throws {
        try await starve("oldest:1") { server, slow, sent in
            let got = try await slow.readUntilMissed()
            let numbers = got.numbers
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
            #expect(numbers.first == 0, "what the kernel had taken")
            #expect(numbers.last == sent - 1)
            #expect(numbers.count + got.missed == sent)
            #expect(got.total == got.missed)
            let statistics = await server.statistics()
            #expect(statistics.broadcastsDroppedOldest == got.missed)
            #expect(statistics.slowConsumers == 0)
        }
    }

    @Test func with_drop_newest_it_gets_the_oldest_in_order() async throws {
        try await starve("newest:1") { server, slow, sent in
            let got = try await slow.readUntilMissed()
            #expect(got.numbers == Array(0..<sent - got.missed))
            #expect(await server.statistics().broadcastsDroppedNewest == got.missed)
        }
    }

    @Test func with_latest_it_gets_the_latest_of_each_key_and_the_keys_keep_their_order() async throws {
        // All of them fit: each is 4 KB, and the limit is 32.
        let keys = 6
        try await starve(
            "plain:1", policy: { .latest(key: "\($0 % keys)") }, isEnough: { $0.broadcastsConflated > 100 }
        ) { server, slow, sent in
            let got = try await slow.readUntilMissed()
            #expect(got.numbers.count + got.missed == sent)
            #expect(Set(got.numbers.suffix(keys)) == Set(sent - keys..<sent))
            // Each key has its place from the first of it that had to wait: they follow each other as they did then.
            let order = got.numbers.suffix(keys).map { $0 % keys }
            #expect(order == (0..<keys).map { (order[0] + $0) % keys })
            #expect(await server.statistics().broadcastsConflated == got.missed)
        }
    }

    @Test func latest_of_a_route_goes_by_the_event() async throws {
        try await starve("latest:1", isEnough: { $0.broadcastsConflated > 100 }) { _, slow, sent in
            let got = try await slow.readUntilMissed()
            #expect(got.numbers.last == sent - 1)
            #expect(got.numbers == got.numbers.sorted())
        }
    }

    @Test func a_broadcast_s_own_policy_goes_before_the_route_s() async throws {
        try await starve("oldest:1", policy: { _ in .dropNewest }) { _, slow, sent in
            let got = try await slow.readUntilMissed()
            #expect(got.numbers == Array(0..<sent - got.missed))
        }
        let log = RecordedLog()
        try await starve("oldest:1", log: log, policy: { _ in .disconnect }, isEnough: { $0.slowConsumers == 1 }) {
            _, slow, _ in
            try await slow.startReading()
            #expect(try await slow.receiveAnswer().status == 101)
            #expect(try await slow.receiveClose(timeout: .seconds(20)).code == 1013)
        }
        let lines = log.lines.filter { $0.message.contains("is disconnected") }
        #expect(lines.map { $0.metadata["limit"] } == ["36000"])
    }

    @Test func replies_come_through_whatever_is_dropped() async throws {
        try await starve("oldest:1", asks: 50) { _, slow, _ in
            let got = try await slow.readUntilMissed()
            #expect(got.replies == Array(0..<50))
        }
    }

    @Test func it_is_logged_once_for_a_connection() async throws {
        let log = RecordedLog()
        try await starve("oldest:1", log: log) { _, slow, _ in _ = try await slow.readUntilMissed() }
        let lines = log.lines.filter { $0.message.contains("are dropped") }
        #expect(lines.map { $0.metadata["policy"] } == ["dropOldest"])
        #expect(lines.map { $0.metadata["topic"] } == ["oldest:1"])
    }

    // MARK: over other transports

    @Test func an_event_stream_drops_as_a_websocket_does() async throws {
        try await TestServer.run(
            options: Self.options(nil),
            socket("/socket", PolicySocket.self, sse: .init { $0.maxOutboundBytes = 32_768 })
        ) { server in
            let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 2_048)
            client.sendWithoutWaiting(
                ByteBuffer(string: "GET /socket/sse?topic=oldest:1 HTTP/1.1\r\nHost: a\r\n\r\n"))
            try await server.waitForStatistics("the stream is open") { $0.channelsOpen == 1 }
            var sent = 0
            while await server.statistics().broadcastsDroppedOldest < 100 {
                try #require(sent < 5_000, "nothing is dropped")
                try server.endpoint.broadcast("oldest:1", "tick", PolicySocket.tick(sent))
                sent += 1
            }
            try await client.startReading()
            let text = try await client.receiveText(through: "event: missed", timeout: .seconds(20))
            #expect(text.contains("\"n\":0,"))
            #expect(text.contains("\"n\":\(sent - 1),"))
            #expect(await server.statistics().slowConsumers == 0)
        }
    }

    @Test func a_long_poll_keeps_as_many_as_it_may_between_polls() async throws {
        try await TestServer.run(
            options: Self.options(nil),
            socket("/socket", PolicySocket.self, longpoll: .init { $0.maxBufferedMessages = 20 })
        ) { server in
            let session = try await PollSession.open(server)
            try await session.post(#"["1","1","oldest:1","phx_join",{}]"#)
            #expect(try await session.receive(1).count == 1)
            for number in 0..<100 { try server.endpoint.broadcast("oldest:1", "tick", PolicySocket.tick(number)) }
            try await server.waitForStatistics("80 are dropped") { $0.broadcastsDroppedOldest == 80 }
            // What was dropped is known to the channel when the poll has taken the rest.
            let messages = try await session.receive(21).map { try JSON(parsing: ByteBuffer(string: $0)) }
            #expect(messages.prefix(20).map { $0[4]?["n"]?.intValue } == Array(80..<100))
            #expect(messages.last?[3] == "missed")
            #expect(messages.last?[4]?["count"] == 80)
            #expect(await server.statistics().longPollSessionsOpen == 1)
        }
    }

    // MARK: parts

    private static func options(_ log: RecordedLog?) -> EndpointOptions {
        var options = EndpointOptions.test
        options.loops = 1
        if let log { options.logger = log.logger }
        return options
    }

    /// Broadcasts to a client that does not read, beside one that does and gets all of it, until there is enough.
    private func starve(
        _ topic: String, log: RecordedLog? = nil, asks: Int = 0,
        policy: @Sendable (Int) -> SlowConsumerPolicy? = { _ in nil },
        isEnough: @Sendable (LoopStatistics) -> Bool = {
            $0.broadcastsDroppedOldest + $0.broadcastsDroppedNewest > 100
        },
        body: (TestServer, TestClient, Int) async throws -> Void
    ) async throws {
        var websocket = WebSocketOptions()
        // Eight frames of 4 KB with 96 bytes for each, and half another.
        websocket.maxOutboundBytes = 36_000
        try await TestServer.run(
            options: Self.options(log), socket("/socket", PolicySocket.self, websocket: websocket)
        ) { server in
            let slow = try await TestClient.open(server, readsByItself: false, receiveBuffer: 2_048)
            var hello = ByteBuffer(string: TestClient.upgradeRequest())
            hello.writeImmutableBuffer(RawFrame(#"["1","1","\#(topic)","phx_join",{}]"#).bytes)
            slow.sendWithoutWaiting(hello)
            let reader = try await TestClient.connect(server)
            #expect(try await reader.join(topic).status == "ok")
            try await server.waitForStatistics("both are there") { $0.channelsOpen == 2 }
            var sent = 0
            while true {
                let statistics = await server.statistics()
                if isEnough(statistics) { break }
                try #require(sent < 5_000, "nothing is dropped")
                try server.endpoint.broadcast(
                    Topic(topic), "tick", PolicySocket.tick(sent), slowConsumers: policy(sent))
                #expect(try await reader.receiveMessage().payload["n"]?.intValue == sent)
                sent += 1
            }
            for number in 0..<asks {
                slow.sendWithoutWaiting(RawFrame(#"["1","\#(number)","\#(topic)","echo",{"n":\#(number)}]"#).bytes)
            }
            if asks > 0 {
                try await server.waitForStatistics("the questions arrived") { $0.messagesReceived >= 2 + asks }
            }
            try await body(server, slow, sent)
        }
    }
}

/// What a client found that read again.
private struct Found {
    var numbers: [Int] = []
    var replies: [Int] = []
    /// As its channel says it.
    var missed = 0
    var total = 0
}

extension TestClient {
    /// Reads what waited, up to what the channel says of the rest.
    fileprivate func readUntilMissed() async throws -> Found {
        try await startReading()
        guard try await receiveAnswer().status == 101 else { throw TestFailure("no upgrade") }
        guard try await receiveMessage().status == "ok" else { throw TestFailure("no join") }
        var found = Found()
        while true {
            let message = try await receiveMessage(timeout: .seconds(20))
            switch message.event {
            case "tick": found.numbers.append(message.payload["n"]?.intValue ?? -1)
            case "phx_reply": found.replies.append(message.response?["n"]?.intValue ?? -1)
            case "missed":
                found.missed = message.payload["count"]?.intValue ?? -1
                found.total = message.payload["total"]?.intValue ?? -1
                return found
            default: throw TestFailure("a broadcast was expected, not \(message)")
            }
        }
    }
}

/// A route for each policy. Its channels tell the client what it missed.
private struct PolicySocket: Socket {
    static let channels = Channels {
        channel("oldest:*", PolicyChannel.self, slowConsumers: .dropOldest)
        channel("newest:*", PolicyChannel.self, slowConsumers: .dropNewest)
        channel("latest:*", PolicyChannel.self, slowConsumers: .latest)
        channel("plain:*", PolicyChannel.self)
    }

    /// 4 KB with a number.
    static func tick(_ number: Int) -> JSON {
        ["n": .integer(Int64(number)), "text": .string(String(repeating: "x", count: 4_000))]
    }
}

private final class PolicyChannel: Firecrest.Channel {
    init(topic: Topic) {}

    static var events: [Event<PolicyChannel>] {
        on("echo") { _, payload, _ in .ok(payload) }
    }

    func handleMissed(_ count: Int, _ socket: ChannelSocket) throws {
        socket.push(
            "missed", ["count": .integer(Int64(count)), "total": .integer(Int64(socket.droppedBroadcasts))] as JSON)
    }
}
