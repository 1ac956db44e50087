// Firecrest — each limit of `HTTPLimits`, reached through a real socket: status, code, sentence, metric.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct HTTPLimitTests {
    @Test func limit_maxTargetBytes() async throws {
        try await reach(
            { $0.maxTargetBytes = 100 }, under: "GET /\(x(99)) HTTP/1.1\r\nHost: a\r\n\r\n",
            over: "GET /\(x(100)) HTTP/1.1\r\nHost: a\r\n\r\n", 414, "target_too_long",
            "The request's target passes the limit; send a shorter one.")
    }

    @Test func limit_maxHeaderFieldBytes() async throws {
        try await reach(
            { $0.maxHeaderFieldBytes = 200 }, under: "GET / HTTP/1.1\r\nHost: a\r\nX: \(x(190))\r\n\r\n",
            over: "GET / HTTP/1.1\r\nHost: a\r\nX: \(x(201))\r\n\r\n", 431, "header_too_large",
            "The request's header fields pass the limit; send fewer or shorter ones.")
    }

    @Test func limit_maxHeaderBytes() async throws {
        func request(_ bytes: Int) -> String { "GET / HTTP/1.1\r\nHost: a\r\nX: \(x(bytes))\r\nY: \(x(100))\r\n\r\n" }
        try await reach(
            { $0.maxHeaderBytes = 300 }, under: request(100), over: request(200), 431, "header_too_large",
            "The request's header fields pass the limit; send fewer or shorter ones.")
    }

    @Test func limit_maxHeaderFields() async throws {
        func request(_ fields: Int) -> String {
            "GET / HTTP/1.1\r\nHost: a\r\n" + (1..<fields).map { "X\($0): 1\r\n" }.joined() + "\r\n"
        }
        try await reach(
            { $0.maxHeaderFields = 5 }, under: request(5), over: request(6), 431, "header_too_large",
            "The request's header fields pass the limit; send fewer or shorter ones.")
    }

    @Test func limit_maxBodyBytes() async throws {
        func request(_ bytes: Int) -> String {
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(bytes)\r\n\r\n\(x(bytes))"
        }
        try await reach(
            { $0.maxBodyBytes = 1_000 }, under: request(1_000), over: request(1_001), 413, "body_too_large",
            "The request body passes the limit; send a smaller one.")
    }

    @Test func limit_headerTimeout() async throws {
        try await reach(
            { $0.headerTimeout = .milliseconds(200) }, over: "GET / HTTP/1.1\r\nHo", 408, "header_timeout",
            "The request's headers did not arrive in time.")
    }

    @Test func limit_bodyTimeout() async throws {
        try await reach(
            { $0.bodyTimeout = .milliseconds(200) },
            over: "POST /socket/websocket HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", 408, "body_timeout",
            "The request's body stopped arriving.")
    }

    /// There is no request to answer: the connection is closed without a word.
    @Test func limit_keepAliveTimeout() async throws {
        var options = EndpointOptions.test
        options.http.keepAliveTimeout = .milliseconds(200)
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/").status == 404)
            #expect(try await client.receiveRest().readableBytes == 0)
            #expect(await server.statistics().requestsRefused == 0)
        }
    }

    private func x(_ count: Int) -> String { String(repeating: "x", count: count) }

    /// One request that just fits is answered with 404, as nothing is at `/`; one beyond the limit with the refusal.
    private func reach(
        _ limit: (inout HTTPLimits) -> Void, under: String? = nil, over: String, _ status: Int, _ code: String,
        _ sentence: String
    ) async throws {
        var options = EndpointOptions.test
        limit(&options.http)
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            if let under {
                let client = try await TestClient.open(server)
                #expect(try await client.request(raw: under).status == 404)
                #expect(await server.statistics().requestsRefused == 0)
            }
            let client = try await TestClient.open(server)
            let answer = try await client.request(raw: over)
            #expect(answer.status == status)
            #expect(answer.errorCode == code)
            #expect(answer.text == "\(sentence) (\(code))\n")
            #expect(answer["connection"] == "close")
            #expect(await server.statistics().requestsRefused == 1)
            try await client.waitForClose()
        }
    }
}
