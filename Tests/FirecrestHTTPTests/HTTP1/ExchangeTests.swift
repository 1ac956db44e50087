// Firecrest — tests of requests that a mount answers itself, and of what it learns about its answers.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import NIOCore
import NIOHTTP1
import Testing

@Suite struct ExchangeTests {
    @Test func a_whole_request_is_answered_with_method_query_and_body() async throws {
        try await serve { server, _ in
            let client = try await TestClient.open(server)
            let answer = try await client.request("POST", "/at-once?a=1", body: ByteBuffer(string: "body"))
            #expect(answer.status == 200)
            #expect(answer.text == "POST a=1 body")
            #expect(answer["content-length"] == "13")
            #expect(answer["date"] != nil)
            #expect(try await client.get("/at-once").text == "GET  ")
            #expect(await server.statistics().connectionsAccepted == 1)
        }
    }

    /// More of them than one stack could nest.
    @Test func a_thousand_pipelined_requests_that_are_answered_at_once() async throws {
        try await serve { server, _ in
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                (0..<1_000).map { "GET /at-once?\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for number in 0..<1_000 {
                #expect(try await client.receiveAnswer().text == "GET \(number) ")
            }
        }
    }

    @Test func a_later_answer_leaves_the_connection_free_for_the_next_request() async throws {
        try await serve { server, mount in
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                "GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /at-once?2 HTTP/1.1\r\nHost: a\r\n\r\n")
            let exchange = try await mount.next()
            exchange.respond("first")
            #expect(try await client.receiveAnswer().text == "first")
            #expect(try await client.receiveAnswer().text == "GET 2 ")
        }
    }

    @Test func a_body_beyond_the_mounts_limit_is_413_however_it_comes() async throws {
        try await serve { server, _ in
            let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: TestMount.limit + 1)
            let announced = try await TestClient.open(server).request("POST", "/at-once", body: body)
            #expect(announced.status == 413)
            #expect(announced.errorCode == "body_too_large")
            let client = try await TestClient.open(server)
            var chunked = ByteBuffer(string: "POST /at-once HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            chunked.writeString("\(String(body.readableBytes, radix: 16))\r\n\(String(buffer: body))\r\n0\r\n\r\n")
            try await client.sendBytes(chunked)
            #expect(try await client.receiveAnswer().status == 413)
            let exact = ByteBuffer(repeating: UInt8(ascii: "x"), count: TestMount.limit)
            #expect(try await TestClient.open(server).request("POST", "/at-once", body: exact).status == 200)
        }
    }

    @Test func a_client_that_asks_to_close_is_answered_and_closed() async throws {
        try await serve { server, mount in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            try await mount.next().respond("bye")
            let answer = try await client.receiveAnswer()
            #expect(answer.text == "bye")
            #expect(answer["connection"] == "close")
            _ = try await client.waitForClose()
        }
    }

    @Test func the_mount_hears_that_a_waiting_client_has_gone() async throws {
        try await serve { server, mount in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
            let exchange = try await mount.next()
            client.drop()
            try await mount.goneCount(1)
            #expect(await exchange.wasReceived() == false)
        }
    }

    // MARK: whether an answer arrived

    @Test func a_further_request_on_the_connection_shows_that_the_answer_arrived() async throws {
        try await serve { server, mount in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
            let exchange = try await mount.next()
            exchange.respond("one")
            _ = try await client.receiveAnswer()
            _ = try await client.get("/at-once")
            #expect(await exchange.wasReceived())
        }
    }

    @Test func an_orderly_end_after_reading_shows_that_the_answer_arrived() async throws {
        try await serve { server, mount in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
            let exchange = try await mount.next()
            exchange.respond("one")
            _ = try await client.receiveAnswer()
            client.drop()
            try await server.waitForStatistics("the connection has ended") { $0.connectionsOpen == 0 }
            #expect(await exchange.wasReceived())
        }
    }

    /// A client that closes with bytes it has not read makes its kernel send a reset.
    @Test func an_answer_that_nobody_read_is_known_to_be_lost() async throws {
        try await serve { server, mount in
            let client = try await TestClient.open(server, readsByItself: false)
            try await client.sendBytes("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
            let exchange = try await mount.next()
            exchange.respond("nobody reads this")
            // Asked behind the flush: the bytes are with the client's kernel.
            #expect(await exchange.wasReceived())
            client.drop()
            try await server.waitForStatistics("the connection has ended") { $0.connectionsOpen == 0 }
            #expect(await exchange.wasReceived() == false)
        }
    }

    /// haproxy reads an answer, passes it on, and resets a connection that is one too many for its pool.
    @Test(arguments: ["X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "Via: 1.1 proxy"])
    func a_reset_by_a_proxy_says_nothing_about_the_answer(header: String) async throws {
        try await serve { server, mount in
            let proxy = try await TestClient.open(server)
            try await proxy.sendBytes("GET /later HTTP/1.1\r\nHost: a\r\n\(header)\r\n\r\n")
            let exchange = try await mount.next()
            exchange.respond("passed on")
            _ = try await proxy.receiveAnswer()
            try await proxy.reset()
            try await server.waitForStatistics("the connection has ended") { $0.connectionsOpen == 0 }
            #expect(await exchange.wasReceived())
        }
    }

    @Test func a_proxy_that_goes_before_the_answer_has_received_none() async throws {
        try await serve { server, mount in
            let proxy = try await TestClient.open(server)
            try await proxy.sendBytes("GET /later HTTP/1.1\r\nHost: a\r\nVia: 1.1 proxy\r\n\r\n")
            let exchange = try await mount.next()
            try await proxy.reset()
            try await server.waitForStatistics("the connection has ended") { $0.connectionsOpen == 0 }
            #expect(await exchange.wasReceived() == false)
        }
    }

    private func serve(_ body: @escaping (TestServer, TestMount) async throws -> Void) async throws {
        let testMount = TestMount()
        try await TestServer.run(mount(testMount)) { server in try await body(server, testMount) }
    }
}

/// `/at-once` answers with the request; `/later` leaves the answer to the test.
private final class TestMount: ExchangeMount {
    static let limit = 100_000

    private let waiting = AsyncStream<HeldExchange>.makeStream()
    private let gone = Counter()

    var maxBodyBytes: Int { Self.limit }

    func claims(path: Substring) -> Bool { path == "/at-once" || path == "/later" }

    func answer(_ exchange: HTTPExchange, body: ByteBuffer, loop: LoopContext) {
        if exchange.request.path == "/later" {
            exchange.onGone = { [gone] in gone.add() }
            waiting.continuation.yield(HeldExchange(exchange, on: loop.eventLoop))
        } else {
            let text = "\(exchange.request.head.method) \(exchange.request.query) \(String(buffer: body))"
            exchange.respond(.ok, headers: [:], body: ByteBuffer(string: text))
        }
    }

    /// The next request for `/later`.
    func next() async throws -> HeldExchange {
        for await exchange in waiting.stream { return exchange }
        throw TestFailure("the mount is gone")
    }

    func goneCount(_ count: Int) async throws {
        for _ in 0..<1_000 where gone.value != count { try await Task.sleep(for: .milliseconds(5)) }
        #expect(gone.value == count)
    }
}

/// An exchange as a test can hold it.
private struct HeldExchange: Sendable {
    private let exchange: NIOLoopBound<HTTPExchange>

    init(_ exchange: HTTPExchange, on eventLoop: any EventLoop) {
        self.exchange = NIOLoopBound(exchange, eventLoop: eventLoop)
    }

    func respond(_ text: String) {
        exchange.eventLoop.execute { [exchange] in
            exchange.value.respond(.ok, headers: [:], body: ByteBuffer(string: text))
        }
    }

    func wasReceived() async -> Bool {
        (try? await exchange.eventLoop.submit { [exchange] in exchange.value.wasReceived }.get()) ?? false
    }
}
