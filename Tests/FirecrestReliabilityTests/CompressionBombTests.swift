// Firecrest — bad input 19: compression that explodes, lies, or was never agreed.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import Testing

@Suite struct CompressionBombTests {
    @Test func bad_19_a_bomb_in_one_frame_closes_with_1009_at_the_ratio() async throws {
        try await bombs(bytes: 900 << 10, reason: "A compressed message inflates to more than 100 times its size.") {
            [RawFrame($0, rsv: 4)]
        }
    }

    @Test func bad_19_a_bomb_in_fragments_closes_with_1009_at_the_ratio() async throws {
        try await bombs(bytes: 900 << 10, reason: "A compressed message inflates to more than 100 times its size.") {
            var rest = $0
            var frames: [RawFrame] = []
            while let piece = rest.readSlice(length: min(100, rest.readableBytes)), piece.readableBytes > 0 {
                frames.append(
                    RawFrame(
                        opcode: frames.isEmpty ? 1 : 0, piece, fin: rest.readableBytes == 0, rsv: frames.isEmpty ? 4 : 0
                    ))
            }
            return frames
        }
    }

    /// Where the ratio would let more through, the message limit holds.
    @Test func bad_19_a_bomb_closes_with_1009_at_the_message_limit() async throws {
        try await bombs(bytes: 64 << 20, reason: "A message is longer than 1048576 bytes.") {
            [RawFrame($0, rsv: 4)]
        }
    }

    @Test func bad_19_compression_that_was_not_agreed_closes_with_1002() async throws {
        try await attack { server in
            let close = try await close(server, after: RawFrame("[]", rsv: 4))
            #expect(close.code == 1002)
            #expect(await server.statistics().protocolErrors == 1)
        }
    }

    @Test func bad_19_what_is_no_deflate_data_closes_with_1007() async throws {
        try await attackCompressed { server in
            let whole = Self.compressed(#"[null,"1","phoenix","heartbeat",{}]"#)
            var short = whole
            short.moveWriterIndex(to: short.writerIndex - 5)
            var long = whole
            long.writeRepeatingByte(0xFF, count: 8)
            // A stored block that announces more than there is; a reserved block type; lengths that do not agree.
            let blocks: [[UInt8]] = [
                [0x00, 0xFF, 0xFF, 0x00, 0x00, 0x41], [0x06], [0x00, 0x01, 0x00, 0x01, 0x00, 0x41],
            ]
            for payload in [short, long] + blocks.map({ ByteBuffer(bytes: $0) }) {
                let client = try await Self.connect(server)
                try await client.sendFrame(RawFrame(payload, rsv: 4))
                #expect(try await client.receiveClose().code == 1007)
            }
            // Only the first frame of a message may say that it is compressed (RFC 7692 §6.1).
            let client = try await Self.connect(server)
            try await client.sendFrame(RawFrame(whole, fin: false, rsv: 4))
            try await client.sendFrame(RawFrame(opcode: 0, ByteBuffer(), rsv: 4))
            #expect(try await client.receiveClose().code == 1002)
        }
    }

    /// Text that is not UTF-8 is found behind the compression too.
    @Test func bad_19_compressed_text_that_is_not_utf8_closes_with_1007() async throws {
        try await attackCompressed { server in
            let client = try await Self.connect(server)
            try await client.sendFrame(RawFrame(Self.compressed(ByteBuffer(bytes: [0x22, 0xC3, 0x28, 0x22])), rsv: 4))
            #expect(try await client.receiveClose().code == 1007)
        }
    }

    @Test(arguments: [
        "server_max_window_bits=8", "server_max_window_bits=7", "server_max_window_bits=16",
        "server_max_window_bits=0", "server_max_window_bits=-1", "server_max_window_bits=99999999999999999999",
        "server_max_window_bits", "server_max_window_bits=09", "client_max_window_bits=7",
        "client_max_window_bits=16", "client_max_window_bits=1e1", "server_no_context_takeover=1",
        "server_no_context_takeover; server_no_context_takeover",
        "server_max_window_bits=10; server_max_window_bits=11",
        "unheard_of", #"client_max_window_bits="1"5"#, #"server_max_window_bits=""#,
    ])
    func bad_19_window_games_are_declined_and_the_connection_works(parameters: String) async throws {
        try await attackCompressed { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(
                headers: [("Sec-WebSocket-Extensions", "permessage-deflate; \(parameters)")])
            #expect(answer.status == 101)
            #expect(answer["sec-websocket-extensions"] == nil)
            #expect(try await client.heartbeat().status == "ok")
        }
    }

    // MARK: parts

    private func bombs(
        bytes: Int, reason: String, _ frames: (ByteBuffer) -> [RawFrame]
    ) async throws {
        try await attackCompressed { server in
            // In here, where no neighbour measures memory while the bomb is being made.
            var zeros = ByteBuffer()
            zeros.writeRepeatingByte(0x20, count: bytes)
            let bomb = frames(Self.compressed(zeros))
            zeros = ByteBuffer()
            let clients = try await TestClient.crowd(10) { try await Self.connect(server) }
            let before = ProcessMemory.now
            let report = try await Bystanders.watch(server, count: 50) {
                for client in clients { for frame in bomb { client.sendWithoutWaiting(frame.bytes) } }
                for client in clients {
                    let close = try await client.receiveClose()
                    #expect(close.code == 1009)
                    #expect(close.reason == reason)
                }
            }
            #expect(report.lost == 0 && report.p99 < Bystanders.bound, "\(report)")
            #expect(await server.statistics().protocolErrors == 10)
            let growth = ProcessMemory.now.resident - before.resident
            #expect(growth < 32 << 20, "\(growth) bytes more, for bombs of \(bytes) bytes each")
        }
    }

    private func attackCompressed(_ body: (TestServer) async throws -> Void) async throws {
        var websocket = WebSocketOptions()
        websocket.compress = true
        try await attack(websocket, share: .alone, body)
    }

    private static func connect(_ server: TestServer) async throws -> TestClient {
        let client = try await TestClient.open(server)
        let answer = try await client.upgrade(headers: [("Sec-WebSocket-Extensions", "permessage-deflate")])
        guard answer["sec-websocket-extensions"] != nil else { throw TestFailure("compression was not agreed") }
        return client
    }

    private static func compressed(_ text: String) -> ByteBuffer { compressed(ByteBuffer(string: text)) }

    private static func compressed(_ content: ByteBuffer) -> ByteBuffer {
        Deflater(options: DeflateOptions(level: 9), windowBits: 15).deflate(content, allocator: ByteBufferAllocator())
    }
}
