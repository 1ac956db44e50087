// Firecrest — short polls, on real sockets
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import FirecrestPubSub
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite("Short polls")
struct ShortPollTests {
    private static func run(
        _ shortpoll: ShortPollOptions = true, _ body: (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.run(socket("/socket", FeedSocket.self, shortpoll: shortpoll), body: body)
    }

    private static func json(_ answer: HTTPAnswer) throws -> JSON {
        try Payload(jsonText: answer.body).decode()
    }

    /// A poll on a connection of its own, so that both loops have some.
    private func poll(
        _ server: TestServer, _ topic: String = "feed:1", after: String? = nil, _ headers: [(String, String)] = []
    ) async throws -> HTTPAnswer {
        let client = try await TestClient.open(server)
        defer { client.drop() }
        return try await client.get(
            "/socket/poll?topic=\(topic)" + (after.map { "&after=\($0)" } ?? ""), headers: headers)
    }

    private func cursor(_ answer: HTTPAnswer) throws -> String {
        try #require(try Self.json(answer)["after"]?.stringValue)
    }

    private func events(_ answer: HTTPAnswer) throws -> [String] {
        try #require(try Self.json(answer)["messages"]?.arrayValue).compactMap { $0["event"]?.stringValue }
    }

    /// What carries nothing, and loses it.
    private final class Losing: PubSubAdapter {
        private let gap = NIOLockedValueBox<@Sendable () -> Void>({})

        func publish(_ record: ByteBuffer, topic: String) {}
        func attach(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void) {}
        func onGap(_ tell: @escaping @Sendable () -> Void) { gap.withLockedValue { $0 = tell } }
        func lose() { gap.withLockedValue { $0 }() }
    }

    @Test("where broadcasts of other nodes were lost on their way, whoever polls next is told so, once")
    func lostOnTheWay() async throws {
        let adapter = Losing()
        var options = EndpointOptions.test
        options.adapter = adapter
        try await TestServer.run(
            options: options, share: .alone, socket("/socket", FeedSocket.self, shortpoll: true)
        ) { server in
            let after = try cursor(try await poll(server))
            try server.endpoint.broadcast("feed:1", "tick", ["n": 1])
            adapter.lose()
            for cursor in [after, after] {
                let answer = try await poll(server, after: cursor)
                #expect(try Self.json(answer)["missed"] == true)
                #expect(try events(answer) == ["tick"])
            }
            let next = try cursor(try await poll(server, after: after))
            #expect(try Self.json(try await poll(server, after: next))["missed"] == false)
        }
    }

    @Test("the first poll brings the cursor of now, the next one what came since")
    func poll() async throws {
        try await Self.run { server in
            try server.endpoint.broadcast("feed:1", "before", [:])
            let first = try await poll(server)
            #expect(first.status == 200)
            let after = try cursor(first)
            #expect(first["etag"] == "\"\(after)\"")
            #expect(first["cache-control"] == "no-cache")
            #expect(first["content-type"] == "application/json; charset=utf-8")
            #expect(first["access-control-allow-origin"] == "*")
            #expect(first.text == #"{"messages":[],"after":"\#(after)","retry_ms":1000,"missed":false}"#)

            try server.endpoint.broadcast("feed:1", "tick", ["n": 1])
            try server.endpoint.broadcast("feed:1", "bytes", Payload.binary([1, 2, 3]))
            for _ in 0..<4 {
                let second = try await poll(server, after: after)
                let next = try cursor(second)
                let id = try #require(try Self.json(second)["messages"]?[0]?["id"]?.stringValue)
                #expect(
                    second.text
                        == #"{"messages":[{"id":"\#(id)","event":"tick","payload":{"n":1}},"#
                        + #"{"id":"\#(next)","event":"bytes","payload_base64":"AQID"}],"#
                        + #""after":"\#(next)","retry_ms":1000,"missed":false}"#)
                #expect(try await events(poll(server, after: id)) == ["bytes"], "an id is a cursor")
                #expect(try await events(poll(server, after: next)).isEmpty)
            }
            #expect(await server.statistics().shortPollsAnswered == 13)
        }
    }

    @Test("while nothing is new, a client that says what it has gets 304", arguments: ["", "W/", "\"other\", "])
    func notModified(prefix: String) async throws {
        try await Self.run { server in
            let etag = try #require(try await poll(server)["etag"])
            let after = etag.filter { $0 != "\"" }
            let known = [("If-None-Match", prefix + etag)]
            let answer = try await poll(server, after: after, known)
            #expect(answer.status == 304)
            #expect(answer["etag"] == etag)
            #expect(answer["content-length"] == nil)
            #expect(answer.body.readableBytes == 0)
            try server.endpoint.broadcast("feed:1", "tick", [:])
            #expect(try await events(poll(server, after: after, known)) == ["tick"])
            #expect(await server.statistics().shortPollsUnchanged == 1)
        }
    }

    @Test("the connection stays for the next poll")
    func keepAlive() async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            var after = try cursor(try await client.get("/socket/poll?topic=feed:1"))
            for number in Int64(0)..<5 {
                try server.endpoint.broadcast("feed:1", "tick", ["n": .integer(number)])
                let answer = try await client.get("/socket/poll?topic=feed:1&after=\(after)")
                #expect(try events(answer) == ["tick"])
                after = try cursor(answer)
                let same = try await client.get(
                    "/socket/poll?topic=feed:1&after=\(after)", headers: [("If-None-Match", "\"\(after)\"")])
                #expect(same.status == 304)
            }
        }
    }

    @Test(
        "with a cursor that means nothing here everything that is kept comes, and a word that more is missing",
        arguments: ["x", "", "0000000000000000-1", "ffffffffffffffff-99999999999999999999999"])
    func limit_polledMessages(after: String) async throws {
        try await Self.run(.init { $0.maxMessages = 2 }) { server in
            let first = try cursor(try await poll(server))
            for event in ["a", "b", "c"] { try server.endpoint.broadcast("feed:1", event, [:]) }
            for cursor in [after, first] {
                let answer = try await poll(server, after: cursor)
                #expect(try events(answer) == ["b", "c"])
                #expect(try Self.json(answer)["missed"] == true)
            }
        }
    }

    @Test("the channel joins and leaves with each poll, and nothing of it is left")
    func joins() async throws {
        try await Self.run { server in
            for _ in 0..<3 { _ = try await poll(server) }
            let statistics = await server.statistics()
            #expect(statistics.channelsJoined == 3)
            #expect(statistics.channelsOpen == 0)
        }
    }

    @Test("events that a channel makes for each client alone are not in what all share")
    func intercepted() async throws {
        try await Self.run { server in
            let after = try cursor(try await poll(server))
            for event in ["a", "secret", "b"] { try server.endpoint.broadcast("feed:1", event, [:]) }
            #expect(try await events(poll(server, after: after)) == ["a", "b"])
        }
    }

    @Test("a topic that nobody polls is forgotten, and whoever comes back is told")
    func limit_pollMemory() async throws {
        try await Self.run(.init { $0.memory = .milliseconds(50) }) { server in
            let after = try cursor(try await poll(server))
            // Its subscription is what shows that a topic is remembered.
            try server.endpoint.broadcast("feed:1", "a", [:])
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(5)
            while true {
                try await Task.sleep(for: .milliseconds(100))
                let answer = try await poll(server, after: after)
                if try Self.json(answer)["missed"] == true { break }
                try #require(clock.now < deadline, "the topic is kept for ever")
            }
        }
    }

    @Test("more topics than may be remembered are refused")
    func limit_polledTopics() async throws {
        var options = EndpointOptions.test
        options.loops = 1
        try await TestServer.run(
            options: options, socket("/socket", FeedSocket.self, shortpoll: .init { $0.maxTopics = 2 })
        ) { server in
            #expect(try await poll(server, "feed:1").status == 200)
            #expect(try await poll(server, "feed:2").status == 200)
            let refused = try await poll(server, "feed:3")
            #expect(refused.status == 503)
            #expect(refused.errorCode == "too_many_polled_topics")
            #expect(try await poll(server, "feed:1").status == 200)
            #expect(await server.statistics().shortPollTopicsRefused == 1)
        }
    }

    @Test("bytes are bounded too")
    func limit_polledBytes() async throws {
        try await Self.run(.init { $0.maxBytes = 1_000 }) { server in
            let after = try cursor(try await poll(server))
            for _ in 0..<5 {
                try server.endpoint.broadcast("feed:1", "b", Payload.binary(Array(repeating: 0, count: 300)))
            }
            let answer = try await poll(server, after: after)
            #expect(try events(answer) == ["b", "b"])
            #expect(try Self.json(answer)["missed"] == true)
        }
    }

    @Test(
        "each poll is asked about, and what may not join gets nothing",
        arguments: [
            ("locked:1", 403, "join_refused"), ("other:1", 404, "unmatched_topic"), ("", 400, "bad_topic"),
            ("feed:1&as=nobody", 403, "connect_refused"), ("feed:1&payload=1", 400, "bad_payload"),
        ])
    func refusals(query: String, status: Int, code: String) async throws {
        try await Self.run { server in
            let answer = try await poll(server, query)
            #expect(answer.status == status)
            #expect(answer.errorCode == code)
        }
    }

    @Test("without a topic, with a body or from a foreign page there is no poll")
    func malformed() async throws {
        try await Self.run { server in
            let none = try await TestClient.open(server).get("/socket/poll")
            #expect(none.status == 400 && none.errorCode == "no_topic")
            let body = try await TestClient.open(server).request(
                "GET", "/socket/poll?topic=feed:1", body: ByteBuffer(string: "x"))
            #expect(body.status == 413)
            let foreign = try await poll(server, "feed:1", after: nil, [("Origin", "http://evil.example")])
            #expect(foreign.errorCode == "origin_refused")
            #expect(try await TestClient.open(server).request("POST", "/socket/poll?topic=feed:1").status == 400)
        }
    }

    @Test("a connect that takes too long is cancelled and answered with 503")
    func limit_pollConnectTimeout() async throws {
        try await Self.run(.init { $0.connectTimeout = .milliseconds(50) }) { server in
            let answer = try await poll(server, "feed:1&as=late")
            #expect(answer.status == 503)
            #expect(answer.errorCode == "connect_timeout")
        }
    }

    @Test("a client that goes while its join waits leaves nothing behind")
    func gone() async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                "GET /socket/poll?topic=feed:1&payload=%7B%22do%22%3A%22hang%22%7D HTTP/1.1\r\nHost: a\r\n\r\n")
            try await server.waitForStatistics("the request is there") { $0.httpRequests == 1 }
            client.drop()
            try await server.waitForStatistics("the connection is gone") { $0.connectionsOpen == 0 }
        }
    }
}
