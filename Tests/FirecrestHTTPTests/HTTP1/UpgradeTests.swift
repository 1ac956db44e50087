// Firecrest — tests of the step from HTTP to WebSocket on one connection.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import NIOConcurrencyHelpers
import Testing

@Suite struct UpgradeTests {
    @Test func a_connection_may_upgrade_after_other_requests() async throws {
        try await serve { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/hello").text == "hello")
            #expect(try await client.get("/nothing").status == 404)
            #expect(try await client.upgrade().status == 101)
            #expect(try await client.join("room:1").status == "ok")
            let statistics = await server.statistics()
            #expect(statistics.httpRequests == 3)
            #expect(statistics.connectionsOpen == 1)
            #expect(statistics.webSocketsOpen == 1)
        }
    }

    @Test func requests_an_upgrade_and_frames_may_come_in_one_write() async throws {
        try await serve { server in
            let client = try await TestClient.open(server)
            var bytes = ByteBuffer(string: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            bytes.writeString(TestClient.upgradeRequest())
            bytes.writeImmutableBuffer(
                RawFrame(try TestClient.message(joinRef: "1", ref: "1", topic: "room:1", event: "phx_join")).bytes)
            bytes.writeImmutableBuffer(
                RawFrame(try TestClient.message(joinRef: "1", ref: "2", topic: "room:1", event: "echo")).bytes)
            try await client.sendBytes(bytes)
            #expect(try await client.receiveAnswer().text == "hello")
            #expect(try await client.receiveAnswer().status == 101)
            #expect(try await client.receiveMessage().ref == "1")
            #expect(try await client.receiveMessage().ref == "2")
            #expect(try await client.heartbeat().status == "ok")
        }
    }

    /// An upgrade that no mount takes is a request like any other (RFC 9110 §7.8), but for what may follow it.
    @Test(arguments: ["h2c", "websocket", "TLS/1.0"])
    func an_upgrade_of_a_plain_route_is_answered_and_closed(name: String) async throws {
        try await serve { server in
            let client = try await TestClient.open(server)
            let answer = try await client.get(
                "/hello",
                headers: [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", name), ("HTTP2-Settings", "")])
            #expect(answer.status == 200)
            #expect(answer.text == "hello")
            #expect(answer["connection"] == "close")
            #expect(try await client.waitForClose() == .eof)
        }
    }

    @Test func after_the_upgrade_one_handler_is_left() async throws {
        let seen = NIOLockedValueBox<(any NIOCore.Channel)?>(nil)
        try await serve { router in
            router.get("/channel") { _, context in
                seen.withLockedValue { $0 = context.channel }
                return "seen"
            }
        } body: { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/channel").text == "seen")
            let channel = try #require(seen.withLockedValue { $0 })
            #expect(try await handlers(of: channel).count == 3)
            #expect(try await client.upgrade().status == 101)
            #expect(try await client.join("room:1").status == "ok")
            let left = try await handlers(of: channel)
            #expect(left.count == 1)
            #expect(left.first?.contains("WebSocketConnection") == true)
        }
    }

    /// The lines of the pipeline's description that stand for a handler.
    private func handlers(of channel: any NIOCore.Channel) async throws -> [String] {
        try await channel.eventLoop.submit {
            channel.pipeline.debugDescription.split(separator: "\n").map { String($0) }
                .filter { $0.contains("[handler") }
        }.get()
    }

    /// Nothing asks for input but the server itself; a decision that takes its time must not lose that.
    @Test func a_connection_is_read_after_a_connect_that_took_its_time() async throws {
        try await TestServer.run(socket("/socket", PonderingSocket.self)) { server in
            let client = try await TestClient.connect(server)
            #expect(try await client.join("room:1").status == "ok")
        }
    }

    private struct PonderingSocket: Socket {
        static let channels = RoomSocket.channels

        static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
            try await Task.sleep(for: .milliseconds(50))
            return Assigns()
        }
    }

    @Test func a_connect_that_throws_is_500() async throws {
        try await TestServer.run(socket("/socket", FailingSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade()
            #expect(answer.status == 500)
            #expect(answer.text.isEmpty)
            #expect(answer.errorCode == "connect_failed")
            #expect(try await client.waitForClose() == .eof)
        }
    }

    private struct FailingSocket: Socket {
        struct Mishap: Error {}
        static let channels = RoomSocket.channels

        static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
            throw Mishap()
        }
    }
}
