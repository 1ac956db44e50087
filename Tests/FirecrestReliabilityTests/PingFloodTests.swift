// Firecrest — bad input 18: floods of control frames.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct PingFloodTests {
    @Test func bad_18_a_ping_flood_of_a_client_that_reads_is_answered_in_order() async throws {
        try await attackAmongBystanders { server in
            let client = try await TestClient.connect(server)
            var pings = ByteBuffer()
            let filler = String(repeating: "p", count: 64)
            for number in 0..<20_000 {
                pings.writeImmutableBuffer(RawFrame(opcode: 9, "\(number) \(filler)").bytes)
            }
            client.sendWithoutWaiting(pings)
            for number in 0..<20_000 {
                let frame = try await client.receive()
                try #require(frame == .pong(ByteBuffer(string: "\(number) \(filler)")))
            }
            #expect(try await client.heartbeat().status == "ok")
        }
    }

    /// An unasked pong needs no answer (RFC 6455 §5.5.3), and a hundred thousand need none either.
    @Test func bad_18_a_pong_flood_is_ignored() async throws {
        try await attackAmongBystanders { server in
            let client = try await TestClient.connect(server)
            let before = await server.statistics()
            client.sendWithoutWaiting(ByteBuffer(repeating: RawFrame(opcode: 10, "pong").bytes, count: 100_000))
            // The next frame is the answer to the heartbeat behind them.
            #expect(try await client.heartbeat().status == "ok")
            #expect(await server.statistics().protocolErrors == before.protocolErrors)
        }
    }

    @Test func bad_18_pings_of_a_client_that_never_reads_fill_a_bounded_queue_and_close_with_1013() async throws {
        var websocket = WebSocketOptions()
        websocket.maxOutboundBytes = 65_536
        try await attackAmongBystanders(websocket) { server in
            let before = ProcessMemory.now
            let clients = try await TestClient.crowd(5) {
                let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 4_096)
                client.sendWithoutWaiting(ByteBuffer(string: TestClient.upgradeRequest()))
                return client
            }
            // 16 MB of pongs for each, far more than the kernel takes.
            let pings = ByteBuffer(
                repeating: RawFrame(opcode: 9, String(repeating: "p", count: 125)).bytes, count: 128_000)
            for client in clients { client.sendWithoutWaiting(pings) }
            try await server.waitForStatistics("all five are too slow", timeout: .seconds(20)) {
                $0.slowConsumers == 5
            }
            let growth = ProcessMemory.now.resident - before.resident
            #expect(growth < 64 << 20, "\(growth) bytes more")
            // Should it read after all, it finds the pongs that had left and then the reason.
            let client = try #require(clients.first)
            try await client.startReading()
            #expect(try await client.receiveAnswer().status == 101)
            let close = try await client.receiveClose()
            #expect(close.code == 1013)
            #expect(close.reason == "slow consumer: more than 65536 bytes waited to be read; reconnect")
        }
    }
}
