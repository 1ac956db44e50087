// Firecrest — tests of an endpoint that stops.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import Testing

@Suite struct ShutdownTests {
    @Test func web_sockets_are_closed_with_1012_and_run_returns() async throws {
        var options = EndpointOptions.test
        options.shutdownTimeout = .seconds(10)
        try await serve(options: options) { server in
            let clients = try await TestClient.crowd(50) { try await TestClient.connect(server) }
            for client in clients { try await client.join("room:1") }
            #expect(server.endpoint.isAccepting)
            let began = ContinuousClock.now
            async let stopped: Void = server.shutDown()
            try await clients.forEachAtOnce { client in
                let close = try await client.receiveClose()
                #expect(close.code == 1012)
                #expect(close.reason == "server restarts; reconnect")
                try await client.close(1012)
                #expect(try await client.receive() == .eof)
            }
            try await stopped
            // They answered, so nobody waited for the limit.
            #expect(ContinuousClock.now - began < .seconds(5))
            #expect(!server.endpoint.isAccepting)
        }
    }

    @Test func nobody_can_connect_any_more() async throws {
        try await serve { server in
            let port = server.port
            try await server.shutDown()
            await #expect(throws: (any Error).self) {
                try await TestClient.open(try SocketAddress(ipAddress: "127.0.0.1", port: port))
            }
        }
    }

    @Test func clients_that_do_not_answer_are_dropped_at_the_limit() async throws {
        var options = EndpointOptions.test
        options.shutdownTimeout = .milliseconds(500)
        let log = RecordedLog()
        options.logger = log.logger
        try await serve(options: options) { server in
            let client = try await TestClient.connect(server)
            let began = ContinuousClock.now
            try await server.shutDown()
            let time = ContinuousClock.now - began
            #expect(time >= .milliseconds(500))
            #expect(time < .seconds(3))
            #expect(try await client.receiveClose().code == 1012)
            try await client.waitForClose()
        }
        #expect(log.lines.contains { $0.metadata["connections"] == "1" })
    }

    @Test func idle_connections_are_closed_at_once() async throws {
        var options = EndpointOptions.test
        options.shutdownTimeout = .seconds(10)
        try await serve(options: options) { server in
            let used = try await TestClient.open(server)
            #expect(try await used.get("/hello").status == 200)
            let silent = try await TestClient.open(server)
            try await server.waitForStatistics("both are accepted") { $0.connectionsOpen == 2 }
            let began = ContinuousClock.now
            try await server.shutDown()
            #expect(ContinuousClock.now - began < .seconds(5))
            #expect(try await used.waitForClose() == .eof)
            #expect(try await silent.waitForClose() == .eof)
        }
    }

    @Test func a_request_under_way_is_answered_and_its_connection_closed() async throws {
        var options = EndpointOptions.test
        options.shutdownTimeout = .seconds(10)
        let (begun, released) = (Signal(), Signal())
        try await serve(options: options) { router in
            router.get("/slow") { _, _ in
                begun.set()
                await released.wait()
                return "done"
            }
        } body: { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            try await begun.wait(for: "the route")
            async let stopped: Void = server.shutDown()
            while server.endpoint.isAccepting { await Task.yield() }
            released.set()
            #expect(try await client.receiveAnswer().text == "done")
            #expect(try await client.waitForClose() == .eof)
            try await stopped
        }
    }
}
