// Firecrest — conformance: permessage-deflate.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import Testing

@Suite struct CompressionTests {
    private static let offer = ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")

    @Test func phx_29_without_compress_no_extension_is_answered() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(headers: [Self.offer])
            #expect(answer.status == 101)
            #expect(answer["sec-websocket-extensions"] == nil)
            #expect(try await client.heartbeat().status == "ok")
        }
    }

    @Test func phx_30_with_compress_messages_are_compressed_both_ways() async throws {
        try await TestServer.run(compressed()) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(headers: [Self.offer])
            #expect(answer.status == 101)
            #expect(
                answer["sec-websocket-extensions"]
                    == "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
            try await client.join("room:1")
            let text = String(repeating: "compress me ", count: 200)
            try await client.sendFrame(
                compressedFrame(
                    try TestClient.message(
                        joinRef: "1", ref: "2", topic: "room:1", event: "echo", payloadJSON: #"{"a":"\#(text)"}"#)))
            // RSV1 says that the reply is compressed (RFC 7692 §6.1); the harness's decoder inflates it.
            #expect(try await client.peekByte() == 0xC1)
            #expect(try await client.receiveMessage().response == ["a": .string(text)])
        }
    }

    @Test func phx_30_a_client_that_offers_nothing_gets_no_compression() async throws {
        try await TestServer.run(compressed()) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.upgrade()["sec-websocket-extensions"] == nil)
            try await client.sendFrame(compressedFrame("[]"))
            #expect(try await client.receiveClose().code == 1002)
        }
    }

    @Test func phx_31_a_message_beyond_the_inflate_ratio_closes_with_1009() async throws {
        try await TestServer.run(compressed()) { server in
            let client = try await TestClient.connect(server, headers: [Self.offer])
            // Under every limit in bytes: only the ratio stops it, 1,000 to 1 against the allowed 100 to 1.
            let text = String(repeating: "a", count: 1_000_000)
            let frame = compressedFrame(
                try TestClient.message(ref: "1", topic: "phoenix", event: "heartbeat", payloadJSON: #""\#(text)""#))
            #expect(frame.payload.readableBytes < 10_000)
            try await client.sendFrame(frame)
            let close = try await client.receiveClose()
            #expect(close.code == 1009)
            #expect(close.reason == "A compressed message inflates to more than 100 times its size.")
        }
    }

    private func compressed() -> EndpointPart {
        var websocket = WebSocketOptions()
        websocket.compress = true
        return socket("/socket", RoomSocket.self, websocket: websocket)
    }

    private func compressedFrame(_ text: String) -> RawFrame {
        let payload = Deflater(options: DeflateOptions(level: 9), windowBits: 15)
            .deflate(ByteBuffer(string: text), allocator: ByteBufferAllocator())
        return RawFrame(payload, rsv: 4)
    }
}
