// Firecrest — bad input 14 and 15: messages without an end, and messages in crumbs.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct EndlessMessageTests {
    @Test func bad_14_a_message_without_an_end_closes_with_1009_at_the_message_limit() async throws {
        try await attackAmongBystanders { server in
            let before = ProcessMemory.now
            let piece = RawFrame(opcode: 0, String(repeating: "x", count: 8_192), fin: false).bytes
            let start = RawFrame("[", fin: false).bytes
            // 4 MB each, as if it never ended.
            let endless = ByteBuffer(repeating: piece, count: 512)
            let clients = try await TestClient.crowd(10) { try await TestClient.connect(server) }
            for client in clients {
                client.sendWithoutWaiting(start)
                client.sendWithoutWaiting(endless)
            }
            try await clients.forEachAtOnce { client in
                let close = try await client.receiveClose()
                #expect(close.code == 1009)
                #expect(close.reason == "A message is longer than 1048576 bytes.")
            }
            let statistics = await server.statistics()
            #expect(statistics.protocolErrors == 10)
            // What the kernel still holds of the attackers' bytes is not ours; of ours, each may pin 2 MB for a moment.
            let growth = ProcessMemory.now.resident - before.resident
            #expect(growth < 96 << 20, "\(growth) bytes more")
        }
    }

    /// The last byte that fits is fine.
    @Test func bad_14_a_message_of_exactly_the_limit_is_handled() async throws {
        var websocket = WebSocketOptions()
        websocket.maxMessageBytes = 10_000
        try await attack(websocket) { server in
            let head = #"[null,"1","phoenix","heartbeat",""#
            let tail = #""]"#
            let filler = String(repeating: "x", count: 10_000 - head.utf8.count - tail.utf8.count)
            let client = try await TestClient.connect(server)
            try await client.sendFrame(RawFrame(head, fin: false))
            try await client.sendFrame(RawFrame(opcode: 0, filler, fin: false))
            try await client.sendFrame(RawFrame(opcode: 0, tail))
            #expect(try await client.receiveMessage().status == "ok")
            let close = try await close(
                server, after: RawFrame(head, fin: false), RawFrame(opcode: 0, filler + "x", fin: false),
                RawFrame(opcode: 0, tail, fin: false))
            #expect(close.code == 1009)
        }
    }

    @Test(arguments: ["", "x"])
    func bad_15_a_million_fragments_close_with_1009_at_the_fragment_limit(content: String) async throws {
        try await attackAmongBystanders { server in
            let clients = try await TestClient.crowd(4) { try await TestClient.connect(server) }
            let fragment = RawFrame(opcode: 0, content, fin: false).bytes
            let crumbs = ByteBuffer(repeating: fragment, count: 250_000)
            for client in clients {
                client.sendWithoutWaiting(RawFrame("[", fin: false).bytes)
                client.sendWithoutWaiting(crumbs)
            }
            try await clients.forEachAtOnce { client in
                let close = try await client.receiveClose()
                #expect(close.code == 1009)
                #expect(close.reason == "A message comes in more than 1024 frames.")
            }
            #expect(await server.statistics().protocolErrors == 4)
        }
    }

    /// Where a mount allows that many fragments, eight times as many take about eight times as long, not sixty-four.
    @Test func bad_15_the_work_for_fragments_grows_linearly() async throws {
        var websocket = WebSocketOptions()
        websocket.maxFragments = 1 << 20
        try await attack(websocket, share: .alone) { server in
            let client = try await TestClient.connect(server)
            func time(fragments count: Int) async throws -> Duration {
                var bytes = RawFrame(#"[null,"1","phoenix","heartbeat",""#, fin: false).bytes
                bytes.writeImmutableBuffer(
                    ByteBuffer(repeating: RawFrame(opcode: 0, "x", fin: false).bytes, count: count))
                bytes.writeImmutableBuffer(RawFrame(opcode: 0, #""]"#).bytes)
                let began = ContinuousClock.now
                client.sendWithoutWaiting(bytes)
                let reply = try await client.receiveMessage(timeout: .seconds(30))
                #expect(reply.status == "ok")
                return ContinuousClock.now - began
            }
            var few = Duration.seconds(1_000)
            for _ in 0..<3 { few = min(few, try await time(fragments: 20_000)) }
            let many = try await time(fragments: 160_000)
            #expect(many < few * 24, "\(few) for 20,000, \(many) for 160,000")
        }
    }
}
