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

    /// Each mount compresses as it says, on loops that they share.
    @Test func phx_30_the_options_of_compression_are_the_mounts() async throws {
        let small = WebSocketOptions {
            $0.compress = .init {
                $0.level = 9
                $0.windowBits = 9
                $0.minimumBytes = 1_000_000
            }
        }
        var options = EndpointOptions.test
        options.loops = 1
        try await TestServer.run(
            options: options, socket("/small", RoomSocket.self, websocket: small),
            socket("/socket", RoomSocket.self, websocket: .init { $0.compress = true })
        ) { server in
            let plain = try await TestClient.open(server)
            let answer = try await plain.upgrade("/small/websocket?vsn=2.0.0", headers: [Self.offer])
            #expect(answer["sec-websocket-extensions"]?.contains("server_max_window_bits=9") == true)
            let compressed = try await TestClient.connect(server, headers: [Self.offer])
            try await plain.join("room:1")
            try await compressed.join("room:1")
            let text = String(repeating: "compress me ", count: 200)
            // A broadcast is shared by those whose frames are the same, and by no others.
            for client in [plain, compressed] {
                try await client.push(
                    joinRef: "1", topic: "room:1", event: "shout", payloadJSON: #"{"a":"\#(text)"}"#)
                #expect(try await plain.peekByte() == 0x81)
                #expect(try await compressed.peekByte() == 0xC1)
                #expect(try await plain.receiveMessage().payload == ["a": .string(text)])
                #expect(try await compressed.receiveMessage().payload == ["a": .string(text)])
            }
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
