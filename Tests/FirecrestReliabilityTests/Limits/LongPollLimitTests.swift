// Firecrest — each limit of `LongPollOptions`, reached through a real socket: status, code, sentence, metric.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

/// The limits of bytes and messages are reached in `PollBufferTests`.
@Suite struct LongPollLimitTests {
    private static let heartbeat = #"[null,"1","phoenix","heartbeat",{}]"#

    @Test func limit_window() async throws {
        try await run({ $0.window = .milliseconds(200) }) { server in
            let session = try await PollSession.open(server)
            let began = ContinuousClock.now
            let answer = try await session.poll()
            #expect(answer.status == 204 && answer.isWhole && answer.messages.isEmpty)
            #expect((.milliseconds(200)..<TestClient.patience).contains(ContinuousClock.now - began))
            #expect(await server.statistics().longPollsAnswered == 1)
            // Silence of one and a half windows to three ends the session.
            try await server.waitForStatistics("nobody polls") { $0.longPollSessionsExpired == 1 }
            #expect(ContinuousClock.now - began >= .milliseconds(300))
            #expect(try await session.post(Self.heartbeat).status == 410)
        }
    }

    @Test func limit_maxTokenAge() async throws {
        try await run({
            $0.maxTokenAge = .seconds(1)
            $0.window = .milliseconds(400)
        }) { server in
            let session = try await PollSession.open(server)
            let began = ContinuousClock.now
            // Polls keep the session alive; its token grows old all the same.
            var answer = try await session.poll()
            #expect(answer.status == 204)
            while answer.status == 204 { answer = try await session.poll() }
            #expect(answer.status == 410 && answer.token != session.token)
            #expect(ContinuousClock.now - began >= .milliseconds(900))
        }
    }

    @Test func limit_longPollConnectTimeout() async throws {
        let longpoll = LongPollOptions { $0.connectTimeout = .milliseconds(100) }
        try await TestServer.run(socket("/socket", HangingSocket.self, longpoll: longpoll)) { server in
            let client = try await TestClient.open(server)
            let answer = try PollAnswer(try await client.get(PollSession.target))
            #expect(answer.status == 500 && answer.isBare)
            #expect(await server.statistics().connectTimeouts == 1)
            #expect(await server.statistics().longPollSessionsOpen == 0)
        }
    }

    /// It may be more or less than what other requests may have.
    @Test(arguments: [100, 20_000])
    func limit_longPollMaxBodyBytes(limit: Int) async throws {
        var endpoint = EndpointOptions.test
        endpoint.http.maxBodyBytes = 1_000
        try await run({ $0.maxBodyBytes = limit }, options: endpoint) { server in
            let session = try await PollSession.open(server)
            func body(_ bytes: Int) -> ByteBuffer {
                ByteBuffer(string: Self.heartbeat + String(repeating: " ", count: bytes - Self.heartbeat.utf8.count))
            }
            #expect(try await session.postRaw(body(limit)).status == 200)
            let answer = try await session.postRaw(body(limit + 1))
            #expect(answer.status == 413)
            #expect(answer.errorCode == "body_too_large")
            #expect(answer.text == "The request body passes the limit; send a smaller one. (body_too_large)\n")
            #expect(await server.statistics().requestsRefused == 1)
        }
    }

    @Test func limit_maxSessions() async throws {
        var endpoint = EndpointOptions.test
        endpoint.loops = 1
        try await run({ $0.maxSessions = 2 }, options: endpoint) { server in
            _ = try await PollSession.open(server)
            let session = try await PollSession.open(server)
            let client = try await TestClient.open(server)
            let answer = try await client.get(PollSession.target)
            #expect(answer.status == 503)
            #expect(answer.errorCode == "too_many_sessions")
            #expect(answer["retry-after"] == "5")
            #expect(answer.text.hasPrefix("The server holds as many sessions as it may; try again later."))
            // The place of a session that ends is free: this frame ends it.
            #expect(try await session.post("[").status == 410)
            _ = try await PollSession.open(server)
            #expect(await server.statistics().longPollSessionsOpen == 2)
        }
    }

    /// While a channel's mailbox is full, posts wait: so many and no more.
    @Test func limit_postsWaiting() async throws {
        var options = SocketOptions()
        options.mailbox.maxMessages = 1
        let longpoll = LongPollOptions { $0.window = .seconds(5) }
        try await TestServer.run(socket("/socket", HangingSocket.self, longpoll: longpoll, options: options)) {
            server in
            let session = try await PollSession.open(server, PollSession.target + "&open=1")
            try await session.post(#"["1","1","room:1","phx_join",{}]"#)
            // One is handled, one is in the mailbox, and the connection would not be read any more.
            let hang = #"["1","2","room:1","hang",{}]"#
            #expect(try await session.post(hang, hang).status == 200)
            let before = await server.statistics().httpRequests
            let waiting = try await TestClient.crowd(16) { try await TestClient.open(server) }
            for client in waiting {
                try await client.sendBytes(
                    "POST \(session.target) HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                        + "X-Phoenix-LongPoll-Token: \(session.token)\r\nContent-Length: \(hang.utf8.count)\r\n\r\n\(hang)"
                )
            }
            try await server.waitForStatistics("all have come") { $0.httpRequests == before + 16 }
            let began = ContinuousClock.now
            #expect(try await session.post(hang).status == 408)
            #expect(ContinuousClock.now - began < .seconds(4), "the window was waited for")
            // The others are told the same when their time is up.
            for client in waiting {
                #expect(try PollAnswer(try await client.receiveAnswer()).status == 408)
            }
        }
    }

    /// Four times two million bytes may wait, and no byte more.
    @Test func limit_bytesOfPostsWaiting() async throws {
        var options = SocketOptions()
        options.mailbox.maxMessages = 1
        let longpoll = LongPollOptions { $0.window = .seconds(4) }
        try await TestServer.run(socket("/socket", HangingSocket.self, longpoll: longpoll, options: options)) {
            server in
            let session = try await PollSession.open(server, PollSession.target + "&open=1")
            try await session.post(#"["1","1","room:1","phx_join",{}]"#)
            let hang = #"["1","2","room:1","hang",{}]"#
            #expect(try await session.post(hang, hang).status == 200)
            let large = #"["1","2","room:1","hang",{"a":"\#(String(repeating: "x", count: 1_999_966))"}]"#
            #expect(large.utf8.count == 2_000_000)
            let clients = try await TestClient.crowd(5) { try await TestClient.open(server) }
            // Whichever comes last is told at once; the others when their time is up.
            let times = try await withThrowingTaskGroup(of: Duration.self) { group in
                let began = ContinuousClock.now
                for client in clients {
                    group.addTask {
                        try await client.sendBytes(
                            "POST \(session.target) HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                                + "X-Phoenix-LongPoll-Token: \(session.token)\r\nContent-Length: 2000000\r\n\r\n"
                                + large)
                        #expect(try PollAnswer(try await client.receiveAnswer(timeout: .seconds(10))).status == 408)
                        return ContinuousClock.now - began
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(times.count { $0 < .seconds(4) } == 1, "the window was waited for by \(times)")
        }
    }

    private func run(
        _ change: (inout LongPollOptions) -> Void, options: EndpointOptions = .test,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.run(
            options: options, socket("/socket", RoomSocket.self, longpoll: LongPollOptions(change)), body: body)
    }
}
