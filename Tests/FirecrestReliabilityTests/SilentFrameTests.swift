// Firecrest — bad input 11: a frame that is announced and never comes.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct SilentFrameTests {
    /// The first byte of 60 KiB.
    private static let frame = RawFrame("[", declaredLength: 60 << 10)

    @Test func bad_11_announced_frames_hold_only_what_was_received() async throws {
        try await attackAmongBystanders { server in
            let count = 2_000
            let clients = try await TestClient.crowd(count) { try await TestClient.connect(server) }
            let before = (memory: ProcessMemory.now, statistics: await server.statistics())
            let bytes = Self.frame.bytes
            for client in clients { client.sendWithoutWaiting(bytes) }
            let received = before.statistics.bytesReceived + count * bytes.readableBytes
            try await server.waitForStatistics("all headers are received") { $0.bytesReceived >= received }
            // 120 MB were announced.
            let growth = ProcessMemory.now.data - before.memory.data
            #expect(growth < 24 << 20, "\(growth) bytes more")
            #expect(await server.statistics().webSocketsOpen == before.statistics.webSocketsOpen)
            for client in clients { client.drop() }
            try await server.waitForStatistics("the silent clients are gone") { $0.webSocketsOpen <= 101 }
        }
    }

    @Test func bad_11_silence_inside_a_frame_ends_at_the_idle_timeout() async throws {
        var websocket = WebSocketOptions()
        websocket.timeout = .milliseconds(500)
        try await TestServer.run(socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            let clients = try await TestClient.crowd(100) {
                let client = try await TestClient.connect(server)
                try await client.sendFrame(Self.frame)
                return client
            }
            try await clients.forEachAtOnce { client in
                let close = try await client.receiveClose()
                #expect(close.code == 1001)
            }
            #expect(await server.statistics().idleTimeouts == 100)
        }
    }
}
