// Firecrest — conformance: messages that are too large or no text.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct MessageLimitTests {
    @Test func phx_27_a_frame_over_the_limit_closes_with_1009() async throws {
        var websocket = WebSocketOptions()
        websocket.maxFrameBytes = 1_000
        try await TestServer.run(socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.connect(server)
            try await client.sendText(try heartbeat(bytes: 1_000))
            #expect(try await client.receiveMessage().status == "ok")
            try await client.sendText(try heartbeat(bytes: 2_000))
            let close = try await client.receiveClose()
            #expect(close.code == 1009)
            #expect(close.reason == "A frame declares 2000 bytes; the limit is 1000.")
            #expect(await server.statistics().protocolErrors == 1)
        }
    }

    @Test func phx_28_eleven_million_bytes_are_too_many_by_default() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server)
            client.sendWithoutWaiting(RawFrame(try heartbeat(bytes: 11_000_000)).bytes)
            #expect(try await client.receiveClose().code == 1009)
            #expect(await server.statistics().messagesReceived == 0)
        }
    }

    @Test func phx_32_text_that_is_not_UTF_8_closes_with_1007() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server)
            var payload = ByteBuffer(string: #"[null,"1","phoenix","heartbeat",{"a":""#)
            payload.writeBytes([0xC3, 0x28])
            payload.writeString(#""}]"#)
            try await client.sendFrame(RawFrame(payload))
            let close = try await client.receiveClose()
            #expect(close.code == 1007)
            #expect(close.reason == "A text message is not UTF-8.")
        }
    }

    /// A heartbeat of exactly that many bytes.
    private func heartbeat(bytes: Int) throws -> String {
        let empty = try TestClient.message(ref: "1", topic: "phoenix", event: "heartbeat", payloadJSON: #"{"a":""}"#)
        let filler = String(repeating: "x", count: bytes - empty.utf8.count)
        return try TestClient.message(
            ref: "1", topic: "phoenix", event: "heartbeat", payloadJSON: #"{"a":"\#(filler)"}"#)
    }
}
