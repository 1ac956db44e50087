// Firecrest — conformance: only what the client sends keeps a connection open.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct IdleTimeoutTests {
    @Test func phx_24_idle_connection_is_closed_with_a_code_other_than_1000() async throws {
        try await TestServer.run(mount(timeout: .milliseconds(200))) { server in
            let client = try await TestClient.connect(server)
            try await client.heartbeat()
            let began = ContinuousClock.now
            let close = try await client.receiveClose()
            #expect(close.code == 1001)
            #expect(close.reason == "idle: nothing received for 200 ms; send heartbeats")
            // The heartbeat was received at most a round trip before `began`.
            #expect(ContinuousClock.now - began > .milliseconds(100))
            #expect(await server.statistics().idleTimeouts == 1)
        }
    }

    @Test func phx_25_sending_does_not_keep_a_silent_client_connected() async throws {
        try await TestServer.run(mount(timeout: .milliseconds(200))) { server in
            let client = try await TestClient.connect(server)
            try await client.join("tick:1")
            var ticks = 0
            while true {
                let frame = try await client.receive()
                if case .close(let code, _) = frame {
                    #expect(code == 1001)
                    break
                }
                ticks += 1
                try #require(ticks < 1_000, "the server pushes for ever to a client that is silent")
            }
            #expect(ticks >= 1)
            #expect(await server.statistics().idleTimeouts == 1)
        }
    }

    @Test func phx_26_pings_keep_a_connection_open_and_are_answered_with_their_data() async throws {
        try await TestServer.run(mount(timeout: .milliseconds(400))) { server in
            let client = try await TestClient.connect(server)
            for data in ["", "data", String(repeating: "x", count: 125)] {
                try await client.ping(data)
                #expect(try await client.receive() == .pong(ByteBuffer(string: data)))
            }
            // Three times the limit, by pings alone.
            let stop = client.sendBytes(RawFrame(opcode: 9, "again").bytes, every: .milliseconds(100))
            for _ in 0..<12 {
                #expect(try await client.receive() == .pong(ByteBuffer(string: "again")))
            }
            stop()
            #expect(await server.statistics().idleTimeouts == 0)
        }
    }

    private func mount(timeout: Duration) -> EndpointPart {
        var websocket = WebSocketOptions()
        websocket.timeout = timeout
        return socket("/socket", TickSocket.self, websocket: websocket)
    }
}
