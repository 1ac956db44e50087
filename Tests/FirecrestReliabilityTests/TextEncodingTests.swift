// Firecrest — bad input 16: text that is not UTF-8, whole and in fragments.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct TextEncodingTests {
    private static let invalid: [[UInt8]] = [
        [0x80],  // a continuation byte without a start
        [0xC3],  // a start without a continuation byte
        [0xC3, 0x28],
        [0xC0, 0x80],  // NUL in two bytes
        [0xE0, 0x80, 0xAF],  // a slash in three
        [0xED, 0xA0, 0x80],  // a surrogate
        [0xF4, 0x90, 0x80, 0x80],  // beyond U+10FFFF
        [0xF8, 0x88, 0x80, 0x80, 0x80],
        [0xFF],
    ]

    @Test(arguments: invalid)
    func bad_16_invalid_UTF_8_closes_with_1007(bytes: [UInt8]) async throws {
        try await attack { server in
            var payload = ByteBuffer(string: #"[null,"1","phoenix","heartbeat",""#)
            payload.writeBytes(bytes)
            payload.writeString(#""]"#)
            let close = try await close(server, after: RawFrame(payload))
            #expect(close.code == 1007)
            #expect(close.reason == "A text message is not UTF-8.")
        }
    }

    /// Valid: fragments need not end between code points (RFC 6455 §5.6).
    @Test(arguments: 1...3)
    func bad_16_a_code_point_split_across_fragments_is_accepted(at place: Int) async throws {
        try await attack { server in
            let bytes = Array("🌍".utf8)
            let client = try await TestClient.connect(server)
            try await client.join("room:1")
            var first = ByteBuffer(string: #"["1","2","room:1","echo",{"a":""#)
            first.writeBytes(bytes[..<place])
            var second = ByteBuffer(bytes: bytes[place...])
            second.writeString(#""}]"#)
            try await client.sendFrame(RawFrame(first, fin: false))
            // A control frame between them changes nothing.
            try await client.ping("between")
            try await client.sendFrame(RawFrame(opcode: 0, second))
            #expect(try await client.receive() == .pong(ByteBuffer(string: "between")))
            #expect(try await client.receiveMessage().response == ["a": "🌍"])
        }
    }

    /// Invalid, and known to be so before the message is complete: the close frame does not wait for its end.
    @Test(
        arguments: [
            ([0xC3], [0x28]), ([0xF4], [0x90]), ([0xED], [0xA0]), ([], [0x80]), ([0xE0], [0x80]), ([0xF0], [0x8F]),
        ] as [([UInt8], [UInt8])])
    func bad_16_an_invalid_code_point_split_across_fragments_closes_at_once(
        first: [UInt8], second: [UInt8]
    ) async throws {
        try await attack { server in
            let close = try await close(
                server, after: RawFrame(ByteBuffer(bytes: Array("[".utf8) + first), fin: false),
                RawFrame(opcode: 0, ByteBuffer(bytes: second), fin: false))
            #expect(close.code == 1007)
        }
    }

    /// In the middle of a frame too: the rest of the declared bytes never comes.
    @Test func bad_16_an_invalid_byte_closes_before_its_frame_is_complete() async throws {
        try await attack { server in
            let close = try await close(server, after: RawFrame(ByteBuffer(bytes: [0xFF]), declaredLength: 1_000))
            #expect(close.code == 1007)
        }
    }

    @Test func bad_16_a_message_that_ends_inside_a_code_point_closes_with_1007() async throws {
        try await attack { server in
            let close = try await close(
                server, after: RawFrame("[", fin: false), RawFrame(opcode: 0, ByteBuffer(bytes: [0xC3])))
            #expect(close.code == 1007)
        }
    }

    /// Binary messages are bytes.
    @Test func bad_16_binary_is_not_looked_at() async throws {
        try await attack { server in
            let client = try await TestClient.connect(server)
            try await client.sendBinary([0xFF])
            // No Phoenix message, so 1011 and not 1007.
            #expect(try await client.receiveClose().code == 1011)
        }
    }
}
