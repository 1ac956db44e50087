// Firecrest — conformance: what the user's connect decides.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import NIOConcurrencyHelpers
import Testing

@Suite struct ConnectTests {
    @Test func phx_15_a_client_that_connect_refuses_gets_403() async throws {
        try await TestServer.run(socket("/socket", ParamsSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade("/socket/websocket?vsn=2.0.0&reject=1&test=phx_15")
            #expect(answer.status == 403)
            #expect(answer.text.isEmpty)
            #expect(answer.errorCode == "connect_refused")
            #expect(ParamsSocket.connectCalls(of: "phx_15") == 1)
            let statistics = await server.statistics()
            #expect(statistics.upgradesRefused == 1)
            #expect(statistics.upgradesAccepted == 0)
            #expect(statistics.webSocketsOpen == 0)
        }
    }

    // MARK: error handler

    @Test func phx_16_an_error_handler_makes_the_answer_of_a_refusal_with_a_reason() async throws {
        let seen = NIOLockedValueBox<[ConnectRefusal]>([])
        let websocket = WebSocketOptions { options in
            options.connectInfo = [.userAgent]
            options.errorHandler = { refusal in
                seen.withLockedValue { $0.append(refusal) }
                guard let limit = refusal.reason as? ConnectSocket.RateLimit else {
                    return RefusalResponse(status: 403)
                }
                return RefusalResponse(
                    status: 429, headers: ["Retry-After": "\(limit.seconds)"], body: "come back later\n")
            }
        }
        try await TestServer.run(socket("/socket", ConnectSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(
                "/socket/websocket?vsn=2.0.0&do=limit&name=ada", headers: [("User-Agent", "test")])
            #expect(answer.status == 429)
            #expect(answer["retry-after"] == "30")
            #expect(answer["content-type"] == "text/plain; charset=utf-8")
            #expect(answer.text == "come back later\n")
            #expect(try await client.waitForClose() == .eof)
        }
        let refusals = seen.withLockedValue { $0 }
        #expect(refusals.count == 1)
        #expect(refusals.first?.params.string("name") == "ada")
        #expect(refusals.first?.info.userAgent == "test")
    }

    @Test func phx_16_a_refusal_without_a_reason_is_not_the_handlers() async throws {
        let websocket = WebSocketOptions { $0.errorHandler = { _ in RefusalResponse(status: 429) } }
        try await TestServer.run(socket("/socket", ConnectSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.upgrade("/socket/websocket?do=refuse").status == 403)
            #expect(try await TestClient.open(server).upgrade("/socket/websocket?do=throw").status == 500)
        }
    }

    @Test func phx_16_a_handler_cannot_break_the_answers_framing() async throws {
        let websocket = WebSocketOptions {
            $0.errorHandler = { _ in
                RefusalResponse(
                    status: 429,
                    headers: [
                        "Content-Length": "1", "Transfer-Encoding": "chunked", "Connection": "upgrade",
                        "Upgrade": "websocket", "x-split": "a\r\nx-injected: b", "x bad": "c",
                        "content-type": "application/json",
                    ], body: #"{"wait":30}"#)
            }
        }
        try await TestServer.run(socket("/socket", ConnectSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade("/socket/websocket?do=reason")
            #expect(answer.status == 429)
            #expect(answer.all("content-length") == ["11"])
            #expect(answer.all("content-type") == ["application/json"])
            for name in ["transfer-encoding", "upgrade", "x-split", "x-injected", "x bad"] {
                #expect(answer[name] == nil)
            }
            #expect(answer.text == #"{"wait":30}"#)
        }
    }

    @Test(arguments: [0, 100, 101, 199, 204, 304, 600, -1, Int.max])
    func phx_16_a_status_that_cannot_refuse_is_403_and_logged(status: Int) async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        let websocket = WebSocketOptions { $0.errorHandler = { _ in RefusalResponse(status: status) } }
        try await TestServer.run(
            options: options, socket("/socket", ConnectSocket.self, websocket: websocket)
        ) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.upgrade("/socket/websocket?do=reason").status == 403)
        }
        #expect(log.lines.contains { $0.level == .error && $0.metadata["status"] == "\(status)" })
    }

    @Test func phx_17_the_reason_of_a_refusal_is_logged_and_not_sent() async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        try await TestServer.run(options: options, socket("/socket", ParamsSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade("/socket/websocket?vsn=2.0.0&reject=1")
            #expect(answer.status == 403)
            #expect(answer.text.isEmpty)
            #expect(answer.headers.allSatisfy { !$0.value.contains("the test wants it") })
        }
        #expect(log.lines.contains { $0.metadata["reason"] == "the test wants it" })
    }

    // MARK: failures

    @Test func phx_20_a_connect_that_throws_is_500_and_logged() async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        try await TestServer.run(options: options, socket("/socket", ConnectSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade("/socket/websocket?vsn=2.0.0&do=throw")
            #expect(answer.status == 500)
            #expect(answer.text.isEmpty)
            #expect(answer.errorCode == "connect_failed")
            // The next client is served.
            let next = try await TestClient.connect(server)
            #expect(try await next.join("room:1").status == "ok")
        }
        #expect(log.lines.contains { $0.level == .error && $0.metadata["error"] == "Failure()" })
    }

    @Test func a_connect_that_takes_too_long_is_cancelled_and_answered_with_503() async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        let websocket = WebSocketOptions { $0.connectTimeout = .milliseconds(100) }
        try await TestServer.run(
            options: options, socket("/socket", ConnectSocket.self, websocket: websocket)
        ) { server in
            let client = try await TestClient.open(server)
            let began = ContinuousClock.now
            let answer = try await client.upgrade("/socket/websocket?do=hang&test=connect_timeout")
            #expect(ContinuousClock.now - began >= .milliseconds(100))
            #expect(answer.status == 503)
            #expect(answer.errorCode == "connect_timeout")
            #expect(answer.text.contains("did not decide in time"))
            let statistics = try await server.waitForStatistics("a time-out, and its task's end") {
                $0.connectTimeouts == 1 && ConnectSocket.wasCancelled("connect_timeout")
            }
            #expect(statistics.upgradesRefused == 1)
        }
        #expect(log.lines.contains { $0.level == .error && $0.metadata["limit"] == "0.1 seconds" })
        // The cancelled task's own error is nobody's business any more.
        #expect(!log.lines.contains { $0.message.contains("connect threw") })
    }

    @Test func a_connect_whose_client_has_gone_is_cancelled() async throws {
        try await TestServer.run(socket("/socket", ConnectSocket.self)) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(TestClient.upgradeRequest("/socket/websocket?do=hang&test=client_gone"))
            try await server.waitForStatistics("connect was called") { _ in
                ConnectSocket.calls(of: "client_gone").count == 1
            }
            client.drop()
            try await server.waitForStatistics("connect was cancelled") { statistics in
                ConnectSocket.wasCancelled("client_gone") && statistics.connectionsOpen == 0
            }
            #expect(await server.statistics().connectTimeouts == 0)
        }
    }

    // MARK: log

    @Test func a_request_is_logged_at_the_level_that_the_mount_says_without_its_query() async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        let websocket = WebSocketOptions { $0.transportLog = .notice }
        try await TestServer.run(
            options: options, socket("/loud", RoomSocket.self, websocket: websocket), socket("/quiet", RoomSocket.self)
        ) { server in
            for path in ["loud", "quiet"] {
                try await TestClient.connect(server, path: "/\(path)/websocket?vsn=2.0.0&token=secret").heartbeat()
            }
        }
        let lines = log.lines.filter { $0.level == .notice }
        #expect(
            lines.map(\.metadata) == [
                ["transport": "websocket", "method": "GET", "path": "/loud/websocket", "vsn": "2.0.0"]
            ])
        #expect(!log.lines.contains { line in "\(line)".contains("secret") })
    }
}
