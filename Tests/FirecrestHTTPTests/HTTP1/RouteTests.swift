// Firecrest — tests of the application's Hummingbird routes behind our own HTTP side.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import Testing

@Suite struct RouteTests {
    @Test func a_route_gets_path_query_headers_and_method() async throws {
        try await serve { router in
            router.put("/users/:id") { request, context in
                let parts = [
                    request.method.rawValue, try context.parameters.require("id"),
                    request.uri.queryParameters["q"].map { String($0) } ?? "-", request.headers[.userAgent] ?? "-",
                    request.head.authority ?? "-",
                ]
                return parts.joined(separator: " ")
            }
        } body: { server in
            let client = try await TestClient.open(server)
            let answer = try await client.request("PUT", "/users/7?q=a%20b", headers: [("User-Agent", "test")])
            #expect(answer.text == "PUT 7 a b test 127.0.0.1")
        }
    }

    @Test func an_unknown_path_is_404() async throws {
        try await serve { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/nothing").status == 404)
            // And the connection goes on.
            #expect(try await client.get("/hello").status == 200)
        }
    }

    @Test func without_routes_everything_is_404() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/").status == 404)
        }
    }

    @Test func HEAD_is_answered_with_the_head_alone() async throws {
        try await serve { router in
            router.head("/hello") { _, _ in "hello" }
        } body: { server in
            let client = try await TestClient.open(server)
            let answer = try await client.request("HEAD", "/hello")
            #expect(answer.status == 200)
            #expect(answer["content-length"] == "5")
            // A body would be taken for the next answer.
            #expect(try await client.get("/hello").text == "hello")
        }
    }

    @Test func middleware_sees_request_and_response() async throws {
        try await serve { router in
            router.add(middleware: Stamp())
            router.get("/stamped") { _, _ in "stamped" }
        } body: { server in
            let client = try await TestClient.open(server)
            let answer = try await client.get("/stamped", headers: [("User-Agent", "seven")])
            #expect(answer["server"] == "seven")
            #expect(answer.text == "stamped")
        }
    }

    private struct Stamp: RouterMiddleware {
        func handle(
            _ request: Request, context: TestContext,
            next: @concurrent (Request, TestContext) async throws -> Response
        ) async throws -> Response {
            var response = try await next(request, context)
            response.headers[.server] = request.headers[.userAgent]
            return response
        }
    }

    @Test func a_route_that_throws_an_HTTP_error_answers_with_it() async throws {
        try await serve { router in
            router.get("/teapot") { _, _ -> String in
                throw HTTPError(.init(code: 418, reasonPhrase: "I'm a teapot"), message: "short and stout")
            }
        } body: { server in
            let client = try await TestClient.open(server)
            let answer = try await client.get("/teapot")
            #expect(answer.status == 418)
            #expect(answer.text.contains("short and stout"))
        }
    }

    @Test func a_route_that_throws_anything_else_answers_500_and_is_logged() async throws {
        struct Mishap: Error {}
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await serve(options: options) { router in
            router.get("/mishap") { _, _ -> String in throw Mishap() }
        } body: { server in
            let client = try await TestClient.open(server)
            let answer = try await client.get("/mishap")
            #expect(answer.status == 500)
            #expect(!answer.text.contains("Mishap"))
            #expect(try await client.get("/hello").status == 200)
        }
        #expect(log.lines.contains { $0.metadata["error"]?.contains("Mishap") == true })
    }

    @Test func every_answer_has_a_date() async throws {
        try await serve { server in
            let client = try await TestClient.open(server)
            for path in ["/hello", "/nothing", "/socket/websocket"] {
                let answer = try await client.get(path)
                #expect(answer.all("date").count == 1)
                #expect(answer["date"]?.hasSuffix(" GMT") == true)
            }
        }
    }

    /// Events are awaited, not timed: the second chunk is made only when the client has the first.
    @Test func a_streamed_response_arrives_while_it_is_made() async throws {
        let received = Signal()
        try await serve { router in
            router.get("/stream") { _, _ in
                Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        try await writer.write(ByteBuffer(string: "first "))
                        await received.wait()
                        try await writer.write(ByteBuffer(string: "second"))
                        try await writer.finish(nil)
                    })
            }
        } body: { server in
            let client = try await TestClient.open(server)
            defer { received.set() }
            try await client.sendBytes("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            let first = try await client.receiveText(through: "first ")
            #expect(first.lowercased().contains("transfer-encoding: chunked"))
            received.set()
            #expect(try await client.receiveText(through: "second\r\n0\r\n\r\n").contains("second"))
            #expect(try await client.get("/hello").text == "hello")
        }
    }

    /// A client that does not read stops the route at a write, not the memory at its end.
    @Test func a_streamed_response_waits_for_its_client() async throws {
        let written = Counter()
        try await serve { router in
            router.get("/endless") { _, _ in
                Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        let piece = ByteBuffer(repeating: 0x78, count: 65_536)
                        for _ in 0..<2_000 {
                            try await writer.write(piece)
                            written.add(piece.readableBytes)
                        }
                        try await writer.finish(nil)
                    })
            }
        } body: { server in
            let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 4_096)
            try await client.sendBytes("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            // Until two looks in a row see the same: the route is stuck.
            var last = -1
            while last != written.value || last == 0 {
                last = written.value
                try await Task.sleep(for: .milliseconds(200))
            }
            // 131 MB were to be written; the kernel's buffers take a few.
            #expect(written.value < 32 << 20)
            try await client.startReading()
            let answer = try await client.receiveAnswer(timeout: .seconds(30))
            #expect(answer.body.readableBytes == 2_000 * 65_536)
        }
    }
}
