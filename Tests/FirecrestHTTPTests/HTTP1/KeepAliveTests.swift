// Firecrest — tests of requests one after another on one connection.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import Testing

@Suite struct KeepAliveTests {
    @Test func a_connection_serves_many_requests() async throws {
        try await serve { server in
            let client = try await TestClient.open(server)
            for _ in 0..<20 {
                let answer = try await client.get("/hello")
                #expect(answer.status == 200)
                #expect(answer.text == "hello")
                #expect(answer["connection"] == nil)
            }
            let statistics = await server.statistics()
            #expect(statistics.httpRequests == 20)
            #expect(statistics.connectionsAccepted == 1)
        }
    }

    /// The first request takes longest; its answer is first all the same.
    @Test func ten_pipelined_requests_are_answered_in_order() async throws {
        try await serve { router in
            router.get("/number/:n") { _, context in
                let number = try context.parameters.require("n", as: Int.self)
                try await Task.sleep(for: .milliseconds(50 - 5 * number))
                return "\(number)"
            }
        } body: { server in
            let client = try await TestClient.open(server)
            var requests = ""
            for number in 0..<10 { requests += "GET /number/\(number) HTTP/1.1\r\nHost: a\r\n\r\n" }
            try await client.sendBytes(requests)
            for number in 0..<10 {
                #expect(try await client.receiveAnswer().text == "\(number)")
            }
        }
    }

    @Test func pipelined_requests_with_bodies_are_told_apart() async throws {
        try await serve { router in
            router.post("/collect") { request, _ in
                String(buffer: try await request.body.collect(upTo: 1_000_000))
            }
        } body: { server in
            let client = try await TestClient.open(server)
            var requests = ByteBuffer()
            for number in 0..<20 {
                requests.writeString("POST /collect HTTP/1.1\r\nHost: a\r\n")
                let body = ByteBuffer(string: "body \(number) " + String(repeating: "x", count: number * 300))
                if number.isMultiple(of: 2) {
                    requests.writeString("Content-Length: \(body.readableBytes)\r\n\r\n")
                    requests.writeImmutableBuffer(body)
                } else {
                    requests.writeString("Transfer-Encoding: chunked\r\n\r\n")
                    requests.writeImmutableBuffer(chunked([body]))
                }
            }
            try await client.sendBytes(requests)
            for number in 0..<20 {
                #expect(try await client.receiveAnswer().text.hasPrefix("body \(number) "))
            }
        }
    }

    @Test(arguments: ["HTTP/1.1\r\nHost: a\r\nConnection: close", "HTTP/1.0"])
    func a_client_that_wants_the_connection_closed_gets_that(version: String) async throws {
        try await serve { server in
            let client = try await TestClient.open(server)
            let answer = try await client.request(raw: "GET /hello \(version)\r\n\r\n")
            #expect(answer.text == "hello")
            #expect(answer["connection"] == "close")
            #expect(try await client.waitForClose() == .eof)
        }
    }

    @Test func a_connection_that_is_not_used_again_is_closed() async throws {
        var options = EndpointOptions.test
        options.http.keepAliveTimeout = .milliseconds(200)
        try await serve(options: options) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/hello").status == 200)
            let began = ContinuousClock.now
            #expect(try await client.receiveRest().readableBytes == 0)
            #expect(ContinuousClock.now - began > .milliseconds(100))
            try await server.waitForStatistics("the connection is gone") { $0.connectionsOpen == 0 }
        }
    }

    @Test func a_connection_whose_headers_do_not_end_gets_408() async throws {
        var options = EndpointOptions.test
        options.http.headerTimeout = .milliseconds(200)
        try await serve(options: options) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /hello HTTP/1.1\r\nHost: ")
            let answer = try await client.receiveAnswer()
            #expect(answer.status == 408)
            #expect(answer.errorCode == "header_timeout")
            #expect(answer["connection"] == "close")
            #expect(try await client.waitForClose() == .eof)
        }
    }

    /// A slow route is not an idle connection: neither limit counts while the server is the one to act.
    @Test func a_route_may_take_longer_than_the_timeouts() async throws {
        var options = EndpointOptions.test
        options.http.headerTimeout = .milliseconds(100)
        options.http.keepAliveTimeout = .milliseconds(100)
        options.http.bodyTimeout = .milliseconds(100)
        try await serve(options: options) { router in
            router.get("/slow") { _, _ in
                try await Task.sleep(for: .milliseconds(400))
                return "slow"
            }
        } body: { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/slow").text == "slow")
        }
    }
}
