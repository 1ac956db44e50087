// Firecrest — tests of the pings that the server sends.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct ServerPingTests {
    @Test func a_client_that_went_without_a_word_is_found() async throws {
        try await serve(ping: .milliseconds(100), pong: .milliseconds(200)) { server in
            let client = try await TestClient.connect(server)
            let began = ContinuousClock.now
            guard case .ping(let data) = try await client.receive() else { throw TestFailure("a ping was expected") }
            #expect(data.readableBytes == 4)
            let close = try await client.receiveClose()
            #expect(close.code == 1001)
            #expect(close.reason == "no pong: nothing received for 200 ms after a ping; reconnect")
            #expect(ContinuousClock.now - began > .milliseconds(200))
            let statistics = await server.statistics()
            #expect(statistics.pingsSent == 1)
            #expect(statistics.pongTimeouts == 1)
            #expect(statistics.idleTimeouts == 0)
            #expect(statistics.roundTrips.count == 0)
            // It does not read either: the connection is dropped all the same.
            try await server.waitForStatistics("it is gone", timeout: .seconds(10)) { $0.webSocketsOpen == 0 }
        }
    }

    @Test func answered_pings_keep_a_connection_open_and_tell_the_round_trip() async throws {
        try await serve(ping: .milliseconds(50), pong: .milliseconds(500)) { server in
            let client = try await TestClient.connect(server)
            for _ in 0..<12 { try await answer(client) }
            try await client.heartbeat()
            let statistics = await server.statistics()
            #expect(statistics.pongTimeouts == 0)
            #expect(statistics.pingsSent >= 12)
            #expect(statistics.roundTrips.count >= 12)
            #expect(statistics.roundTrips.nanoseconds > 0)
        }
    }

    /// A client may be slow to answer, or answer with what it has to say.
    @Test func any_byte_after_a_ping_proves_a_client_alive() async throws {
        try await serve(ping: .milliseconds(50), pong: .milliseconds(500)) { server in
            let client = try await TestClient.connect(server)
            let heartbeat = RawFrame(#"[null,"h","phoenix","heartbeat",{}]"#).bytes
            let stop = client.sendBytes(heartbeat, every: .milliseconds(150))
            defer { stop() }
            var pings = 0
            while pings < 3 {
                let frame = try await client.receive()
                if case .ping = frame { pings += 1 }
                if case .close = frame { throw TestFailure("\(frame)") }
            }
            #expect(await server.statistics().pongTimeouts == 0)
        }
    }

    @Test func a_pong_with_other_data_is_no_answer_to_our_ping_but_a_sign_of_life() async throws {
        try await serve(ping: .milliseconds(50), pong: .milliseconds(300)) { server in
            let client = try await TestClient.connect(server)
            for _ in 0..<3 {
                guard case .ping = try await client.receive() else { throw TestFailure("a ping was expected") }
                try await client.sendFrame(RawFrame(opcode: 10, "something"))
            }
            #expect(await server.statistics().pongTimeouts == 0)
            #expect(await server.statistics().roundTrips.count == 0)
        }
    }

    /// Phoenix §1.8: any frame of the client counts, but pings of ours must not replace the idle timer.
    @Test func a_client_that_only_answers_pings_is_idle() async throws {
        try await serve(ping: .milliseconds(50), pong: .seconds(2), idle: .milliseconds(400)) { server in
            let client = try await TestClient.connect(server)
            var pings = 0
            while true {
                switch try await client.receive() {
                case .ping(let data):
                    pings += 1
                    try #require(pings < 1_000, "answers to pings keep the connection open for ever")
                    try await client.sendFrame(RawFrame(opcode: 10, data))
                    continue
                case .close(let code, let reason):
                    #expect(code == 1001)
                    #expect(reason == "idle: nothing received for 400 ms; send heartbeats")
                default: throw TestFailure("a ping or the close was expected")
                }
                break
            }
            #expect(pings >= 2)
            let statistics = await server.statistics()
            #expect(statistics.idleTimeouts == 1)
            #expect(statistics.pongTimeouts == 0)
        }
    }

    /// What comes in the same read as a pong still counts.
    @Test func a_frame_beside_the_answer_keeps_a_client_from_idling() async throws {
        try await serve(ping: .milliseconds(50), pong: .seconds(2), idle: .milliseconds(500)) { server in
            let client = try await TestClient.connect(server)
            for _ in 0..<15 {
                guard case .ping(let data) = try await client.receive() else { throw TestFailure("no ping") }
                var bytes = RawFrame(opcode: 10, "unasked").bytes
                bytes.writeImmutableBuffer(RawFrame(opcode: 10, data).bytes)
                try await client.sendBytes(bytes)
            }
            #expect(await server.statistics().idleTimeouts == 0)
        }
    }

    @Test func without_an_interval_there_are_no_pings() async throws {
        try await serve(ping: nil, pong: .milliseconds(50), idle: .milliseconds(300)) { server in
            let client = try await TestClient.connect(server)
            guard case .close(code: 1001, let reason) = try await client.receive() else {
                throw TestFailure("the close was expected, and nothing before it")
            }
            #expect(reason.hasPrefix("idle"))
            #expect(await server.statistics().pingsSent == 0)
        }
    }

    @Test func without_a_pong_timeout_pings_go_on_and_close_nothing() async throws {
        try await serve(ping: .milliseconds(50), pong: nil) { server in
            let client = try await TestClient.connect(server)
            for _ in 0..<4 {
                guard case .ping = try await client.receive() else { throw TestFailure("a ping was expected") }
            }
            #expect(await server.statistics().pongTimeouts == 0)
        }
    }

    @Test func a_client_that_talks_gets_no_pings() async throws {
        try await serve(ping: .milliseconds(600), pong: .seconds(2)) { server in
            let client = try await TestClient.connect(server)
            let stop = client.sendBytes(RawFrame(opcode: 9, "mine").bytes, every: .milliseconds(50))
            for _ in 0..<24 { #expect(try await client.receive() == .pong(ByteBuffer(string: "mine"))) }
            stop()
        }
    }

    private func answer(_ client: TestClient) async throws {
        guard case .ping(let data) = try await client.receive() else { throw TestFailure("a ping was expected") }
        try await client.sendFrame(RawFrame(opcode: 10, data))
    }

    private func serve(
        ping: Duration?, pong: Duration?, idle: Duration? = nil, _ body: (TestServer) async throws -> Void
    ) async throws {
        var websocket = WebSocketOptions()
        websocket.timeout = idle
        websocket.pingInterval = ping
        websocket.pongTimeout = pong
        try await TestServer.run(socket("/socket", RoomSocket.self, websocket: websocket), body: body)
    }
}
