// Firecrest — tests of clients that leave in the middle.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import Testing

@Suite struct ClientGoneTests {
    @Test func the_task_of_a_route_is_cancelled() async throws {
        let (begun, cancelled) = (Signal(), Signal())
        try await serve { router in
            router.get("/forever") { _, _ -> String in
                begun.set()
                do {
                    try await Task.sleep(for: .seconds(3_600))
                } catch {
                    cancelled.set()
                    throw error
                }
                return "never"
            }
        } body: { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /forever HTTP/1.1\r\nHost: a\r\n\r\n")
            try await begun.wait(for: "the route")
            client.drop()
            try await cancelled.wait(for: "the cancellation")
            try await server.waitForStatistics("the connection is gone") { $0.connectionsOpen == 0 }
        }
    }

    @Test func a_route_that_waits_for_the_body_gets_an_error() async throws {
        let (begun, failed) = (Signal(), Signal())
        try await serve { router in
            router.post("/collect") { request, _ -> String in
                begun.set()
                do {
                    _ = try await request.body.collect(upTo: 1_000)
                } catch {
                    failed.set()
                    throw error
                }
                return "whole"
            }
        } body: { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
            try await begun.wait(for: "the route")
            client.drop()
            try await failed.wait(for: "the end of the body")
        }
    }

    @Test func a_route_that_streams_gets_an_error() async throws {
        let failed = Signal()
        try await serve { router in
            router.get("/endless") { _, _ in
                Response(
                    status: .ok,
                    body: ResponseBody { writer in
                        do {
                            while true { try await writer.write(ByteBuffer(repeating: 0x78, count: 65_536)) }
                        } catch {
                            failed.set()
                            throw error
                        }
                    })
            }
        } body: { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await client.receiveBytes(1_000_000)
            client.drop()
            try await failed.wait(for: "the end of the stream")
        }
    }

    /// The user's `connect` is a task too.
    @Test func a_connect_that_has_not_decided_is_cancelled() async throws {
        try await TestServer.run(socket("/socket", UndecidedSocket.self)) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(TestClient.upgradeRequest())
            try await UndecidedSocket.begun.wait(for: "connect")
            client.drop()
            try await UndecidedSocket.cancelled.wait(for: "the cancellation")
            try await server.waitForStatistics("the connection is gone") { $0.connectionsOpen == 0 }
        }
    }

    private struct UndecidedSocket: Socket {
        static let (begun, cancelled) = (Signal(), Signal())
        static let channels = RoomSocket.channels

        static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
            begun.set()
            do {
                try await Task.sleep(for: .seconds(3_600))
            } catch {
                cancelled.set()
                throw error
            }
            return Assigns()
        }
    }
}
