// Firecrest — bad inputs 23 to 26: floods of joins, leaves, pushes and names.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct ChannelFloodTests {
    /// Twenty thousand, where the list has a hundred thousand: the last ones are refused like the second hundred.
    @Test func bad_23_of_any_number_of_joins_on_one_socket_a_hundred_are_accepted() async throws {
        try await attackAmongBystanders { server in
            let before = await server.statistics()
            let memory = ProcessMemory.now
            let client = try await TestClient.connect(server)
            let (rounds, size) = (40, 500)
            var replies = (ok: 0, refused: 0)
            for round in 0..<rounds {
                var joins = ByteBuffer()
                for number in 0..<size {
                    let topic = "room:\(round * size + number)"
                    joins.writeImmutableBuffer(
                        RawFrame(#"["\#(number)","\#(number)","\#(topic)","phx_join",{}]"#).bytes)
                }
                client.sendWithoutWaiting(joins)
                for _ in 0..<size {
                    let text = try await client.receiveText(timeout: .seconds(20))
                    if text.contains(#""status":"ok""#) {
                        replies.ok += 1
                    } else {
                        try #require(text.contains(#""reason":"too many channels joined""#), "\(text)")
                        replies.refused += 1
                    }
                }
            }
            #expect(replies.ok == 100)
            #expect(replies.refused == rounds * size - 100)
            let after = await server.statistics()
            #expect(after.channelsOpen - before.channelsOpen == 100)
            #expect(after.channelsJoined - before.channelsJoined == 100)
            #expect(ProcessMemory.now.resident - memory.resident < 32 << 20)
            #expect(try await client.heartbeat().status == "ok")
            client.drop()
            try await server.waitForStatistics("the channels are gone") { $0.channelsOpen == before.channelsOpen }
        }
    }

    @Test func bad_24_join_and_leave_as_fast_as_a_client_can_leave_nothing_behind() async throws {
        try await attackAmongBystanders { server in
            let before = await server.statistics()
            let memory = ProcessMemory.now
            let client = try await TestClient.connect(server)
            let (rounds, size) = (20, 250)
            for _ in 0..<rounds {
                var churn = ByteBuffer()
                for number in 0..<size {
                    churn.writeImmutableBuffer(RawFrame(#"["\#(number)","j","room:churn","phx_join",{}]"#).bytes)
                    churn.writeImmutableBuffer(RawFrame(#"["\#(number)","l","room:churn","phx_leave",{}]"#).bytes)
                }
                client.sendWithoutWaiting(churn)
                // To each pair: the join's reply, the leave's reply, phx_close.
                for number in 0..<size {
                    let frames = [
                        try await client.receiveMessage(timeout: .seconds(20)), try await client.receiveMessage(),
                        try await client.receiveMessage(),
                    ]
                    try #require(frames.map(\.event) == ["phx_reply", "phx_reply", "phx_close"], "\(frames)")
                    try #require(frames.allSatisfy { $0.joinRef == .string("\(number)") }, "\(frames)")
                }
            }
            let after = await server.statistics()
            #expect(after.channelsJoined - before.channelsJoined == rounds * size)
            #expect(after.channelsOpen == before.channelsOpen)
            #expect(ProcessMemory.now.resident - memory.resident < 32 << 20)
        }
    }

    /// With a rate, what is beyond it is refused with the time to wait, and cheaply.
    @Test func bad_24_join_churn_beyond_the_rate_is_refused() async throws {
        var options = SocketOptions()
        options.joinRate = RateLimit(perSecond: 10, burst: 20)
        try await TestServer.run(
            share: .alone, socket("/socket", RoomSocket.self, options: options)
        ) { server in
            let report = try await Bystanders.watch(server) {
                let before = await server.statistics()
                let client = try await TestClient.connect(server)
                var joins = ByteBuffer()
                let count = 4_000
                for number in 0..<count {
                    joins.writeImmutableBuffer(RawFrame(#"["\#(number)","j","room:churn","phx_join",{}]"#).bytes)
                }
                client.sendWithoutWaiting(joins)
                var refused = 0
                var accepted = 0
                while refused + accepted < count {
                    let message = try await client.receiveMessage(timeout: .seconds(20))
                    if message.event == "phx_close" { continue }
                    if message.status == "ok" {
                        accepted += 1
                    } else {
                        refused += 1
                        #expect(message.response?["reason"] == "rate limited")
                        #expect((message.response?["retry_after_ms"]?.doubleValue ?? 0) > 0)
                    }
                }
                #expect(accepted >= 20 && accepted < 200, "\(accepted) joins in a few seconds, at ten a second")
                let after = await server.statistics()
                #expect(after.messagesRefusedForRate - before.messagesRefusedForRate == refused)
                client.drop()
                try await server.waitForStatistics("its channel is gone") { $0.channelsOpen == before.channelsOpen }
            }
            #expect(report.lost == 0 && report.p99 < Bystanders.bound, "\(report)")
        }
    }

    @Test func bad_25_pushes_without_reading_a_reply_close_with_1013() async throws {
        var websocket = WebSocketOptions()
        websocket.maxOutboundBytes = 65_536
        try await attackAmongBystanders(websocket) { server in
            let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 4_096)
            client.sendWithoutWaiting(ByteBuffer(string: TestClient.upgradeRequest()))
            client.sendWithoutWaiting(RawFrame(#"["1","1","room:1","phx_join",{}]"#).bytes)
            let memory = ProcessMemory.now
            let filler = String(repeating: "x", count: 300)
            var refs = ByteBuffer()
            for number in 0..<1_000 {
                refs.writeImmutableBuffer(RawFrame(#"["1","\#(number)","room:1","echo",{"a":"\#(filler)"}]"#).bytes)
            }
            refs = ByteBuffer(repeating: refs, count: 100)
            client.sendWithoutWaiting(refs)
            let held = refs.capacity
            refs = ByteBuffer()
            try await server.waitForStatistics("it is too slow", timeout: .seconds(30)) { $0.slowConsumers == 1 }
            let growth = ProcessMemory.now.resident - memory.resident
            #expect(growth < held + (32 << 20), "\(growth) bytes more, of which the client holds \(held)")
            try await client.startReading()
            #expect(try await client.receiveAnswer().status == 101)
            let close = try await client.receiveClose(timeout: .seconds(20))
            #expect(close.code == 1013)
            #expect(close.reason == "slow consumer: more than 65536 bytes waited to be read; reconnect")
        }
    }
}
