// Firecrest — tests of request bodies: streams, back-pressure, limits.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import Testing

@Suite struct RequestBodyTests {
    private static func addBodyRoutes(_ router: Router<TestContext>) {
        router.post("/echo") { request, _ in
            Response(status: .ok, body: ResponseBody(asyncSequence: request.body))
        }
        router.post("/count") { request, _ in
            var count = 0
            for try await piece in request.body { count += piece.readableBytes }
            return "\(count)"
        }
        router.post("/ignore") { _, _ in "ignored" }
    }

    @Test func four_mebibytes_in_chunks_are_streamed_back() async throws {
        try await serve(Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            let chunks = (0..<64).map { ByteBuffer(repeating: UInt8($0), count: 65_536) }
            client.sendWithoutWaiting(
                ByteBuffer(string: "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"))
            client.sendWithoutWaiting(chunked(chunks))
            let answer = try await client.receiveAnswer(timeout: .seconds(20))
            #expect(answer.status == 200)
            var expected = ByteBuffer()
            for chunk in chunks { expected.writeImmutableBuffer(chunk) }
            #expect(answer.body == expected)
            #expect(try await client.get("/hello").text == "hello")
        }
    }

    @Test func a_body_of_a_declared_length_is_streamed_back() async throws {
        try await serve(Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            for count in [0, 1, 100, 1_000_000] {
                let body = ByteBuffer(repeating: 0x61, count: count)
                #expect(try await client.request("POST", "/echo", body: body).body == body)
            }
        }
    }

    /// The route does not read: after a few buffers nor does the server, and the client's bytes stay in the kernel.
    @Test func a_route_that_does_not_read_holds_the_client_back() async throws {
        var options = EndpointOptions.test
        options.http.maxBodyBytes = 64 << 20
        let (begun, released) = (Signal(), Signal())
        try await serve(options: options) { router in
            router.post("/slow") { request, _ in
                begun.set()
                await released.wait()
                var count = 0
                for try await piece in request.body { count += piece.readableBytes }
                return "\(count)"
            }
        } body: { server in
            defer { released.set() }
            let client = try await TestClient.open(server)
            let body = ByteBuffer(repeating: 0x61, count: 48 << 20)
            client.sendWithoutWaiting(
                ByteBuffer(string: "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.readableBytes)\r\n\r\n"))
            client.sendWithoutWaiting(body)
            let sent = Signal()
            client.whenAllIsSent { sent.set() }
            try await begun.wait(for: "the route")
            try await Task.sleep(for: .milliseconds(500))
            #expect(!sent.isSet, "48 MiB were read without anybody who wanted them")
            released.set()
            #expect(try await client.receiveAnswer(timeout: .seconds(30)).text == "\(48 << 20)")
        }
    }

    @Test func expect_100_continue_is_answered_before_the_body() async throws {
        try await serve(Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            #expect(try await client.receiveAnswer().status == 100)
            try await client.sendBytes("hello")
            let answer = try await client.receiveAnswer()
            #expect(answer.status == 200)
            #expect(answer.text == "5")
        }
    }

    @Test func a_declared_body_over_the_limit_is_413_without_a_100() async throws {
        var options = EndpointOptions.test
        options.http.maxBodyBytes = 1_000
        try await serve(options: options, Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            let allowed = ByteBuffer(repeating: 1, count: 1_000)
            #expect(try await client.request("POST", "/count", body: allowed).text == "1000")
            try await client.sendBytes(
                "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
            try await expectTooLarge(client)
        }
    }

    @Test func a_chunked_body_over_the_limit_is_413() async throws {
        var options = EndpointOptions.test
        options.http.maxBodyBytes = 1_000
        try await serve(options: options, Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            client.sendWithoutWaiting(
                ByteBuffer(string: "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"))
            client.sendWithoutWaiting(chunked((0..<11).map { _ in ByteBuffer(repeating: 1, count: 100) }))
            try await expectTooLarge(client)
        }
    }

    private func expectTooLarge(_ client: TestClient) async throws {
        let answer = try await client.receiveAnswer()
        #expect(answer.status == 413)
        #expect(answer.errorCode == "body_too_large")
        #expect(answer.text == "The request body passes the limit; send a smaller one. (body_too_large)\n")
        #expect(answer["connection"] == "close")
        #expect(try await client.receiveRest().readableBytes == 0)
    }

    /// Its answer has begun, so no other can follow: the connection ends in the middle of it.
    @Test func a_body_that_passes_the_limit_when_the_answer_has_begun_cuts_the_answer() async throws {
        var options = EndpointOptions.test
        options.http.maxBodyBytes = 1_000
        try await serve(options: options, Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n~\r\n")
            let begun = try await client.receiveText(through: "~\r\n")
            #expect(begun.hasPrefix("HTTP/1.1 200 "))
            client.sendWithoutWaiting(chunked([ByteBuffer(repeating: 0x61, count: 2_000)]))
            let rest = String(buffer: try await client.receiveRest())
            #expect(!rest.contains("HTTP/1.1"))
            #expect(!rest.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test func a_body_that_stops_coming_is_408() async throws {
        var options = EndpointOptions.test
        options.http.bodyTimeout = .milliseconds(200)
        try await serve(options: options, Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
            let answer = try await client.receiveAnswer()
            #expect(answer.status == 408)
            #expect(answer.errorCode == "body_timeout")
            #expect(try await client.waitForClose() == .eof)
        }
    }

    @Test(arguments: ["5\r\nhello0\r\n\r\n", "x\r\nhello\r\n", "-1\r\n", "fffffffffffffffff\r\n", "5\nhello\r\n"])
    func bad_6_a_malformed_chunk_of_a_body_that_a_route_reads_is_400(chunks: String) async throws {
        try await serve(Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)"
                    + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try await client.receiveAnswer()
            #expect(answer.status == 400)
            #expect(answer.errorCode == "malformed_request")
            #expect(try await client.receiveRest().readableBytes == 0)
        }
    }

    /// A route that answers without looking at the body: the body is read and dropped, and the connection goes on.
    @Test func a_body_that_no_route_wants_is_skipped() async throws {
        try await serve(Self.addBodyRoutes) { server in
            let client = try await TestClient.open(server)
            for _ in 0..<3 {
                let body = ByteBuffer(repeating: 0x61, count: 1_000_000)
                #expect(try await client.request("POST", "/ignore", body: body).text == "ignored")
            }
            #expect(try await client.get("/hello").text == "hello")
        }
    }
}
