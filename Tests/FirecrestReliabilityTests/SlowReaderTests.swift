// Firecrest — bad input 27: a thousand clients that hardly read, on a topic that is hot.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct SlowReaderTests {
    @Test func bad_27_slow_readers_of_a_hot_topic_are_let_go_and_memory_stays_flat() async throws {
        var websocket = WebSocketOptions()
        websocket.maxOutboundBytes = 32_768
        try await attackAmongBystanders(websocket) { server in
            let count = 1_000
            let before = await server.statistics()
            var hello = ByteBuffer(string: TestClient.upgradeRequest())
            hello.writeImmutableBuffer(RawFrame(#"["1","1","room:hot","phx_join",{}]"#).bytes)
            let slow = try await TestClient.crowd(count) { [hello] in
                let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 2_048)
                client.sendWithoutWaiting(hello)
                return client
            }
            try await server.waitForStatistics("all are on the topic", timeout: .seconds(20)) {
                $0.channelsOpen - before.channelsOpen == count
            }
            let talker = try await TestClient.connect(server)
            let listener = try await TestClient.connect(server)
            for client in [talker, listener] { #expect(try await client.join("room:hot").status == "ok") }
            let memory = ProcessMemory.now
            // Each message waits until somebody who reads has it, so that the topic is hot and not flooded.
            let payload = #"{"text":"\#(String(repeating: "x", count: 16_000))"}"#
            var sent = 0
            while await server.statistics().slowConsumers < count {
                try #require(sent < 2_000, "slow readers are kept for ever")
                try await talker.push(joinRef: "1", topic: "room:hot", event: "shout", payloadJSON: payload)
                sent += 1
                #expect(try await listener.receiveMessage().event == "shout")
                #expect(try await talker.receiveMessage().event == "shout")
            }
            let growth = ProcessMemory.now.resident - memory.resident
            // A frame is built once and shared: what a thousand queues hold are references to the same few.
            #expect(growth < 96 << 20, "\(growth) bytes more after \(sent) broadcasts of 16 KB")
            #expect(try await talker.heartbeat().status == "ok")
            // One of them reads after all, and finds why.
            let client = try #require(slow.first)
            try await client.startReading()
            #expect(try await client.receiveAnswer().status == 101)
            #expect(try await client.receiveClose(timeout: .seconds(20)).code == 1013)
            for client in slow { client.drop() }
        }
    }
}
