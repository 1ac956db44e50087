// Firecrest — bad input 8, 9, 12, 13: frames that break RFC 6455.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct BadFrameTests {
    @Test(arguments: [1, 2, 8, 9, 10] as [UInt8])
    func bad_8_an_unmasked_frame_closes_with_1002(opcode: UInt8) async throws {
        try await expectProtocolError(
            "A client's frame is not masked.", after: RawFrame(opcode: opcode, "hi", isMasked: false))
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7] as [UInt8], [1, 2, 9, 10] as [UInt8])
    func bad_9_a_reserved_bit_closes_with_1002(rsv: UInt8, opcode: UInt8) async throws {
        try await expectProtocolError(
            "A reserved bit is set that no extension gave a meaning here.",
            after: RawFrame(opcode: opcode, "hi", rsv: rsv))
    }

    /// RSV1 means something on the first frame of a message, and only when compression was agreed.
    @Test(arguments: [1, 2, 3] as [UInt8])
    func bad_9_with_compression_the_other_reserved_bits_still_close_with_1002(rsv: UInt8) async throws {
        var websocket = WebSocketOptions()
        websocket.compress = true
        try await attack(websocket) { server in
            for frame in [RawFrame("hi", rsv: rsv), RawFrame("hi", rsv: 4 | rsv), RawFrame(opcode: 9, "hi", rsv: 4)] {
                let client = try await TestClient.connect(
                    server, headers: [("Sec-WebSocket-Extensions", "permessage-deflate")])
                try await client.sendFrame(frame)
                #expect(try await client.receiveClose().code == 1002)
            }
        }
    }

    @Test(arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8])
    func bad_9_a_reserved_opcode_closes_with_1002(opcode: UInt8) async throws {
        try await expectProtocolError("Opcode \(opcode) is reserved.", after: RawFrame(opcode: opcode, "hi"))
    }

    @Test(arguments: [8, 9, 10] as [UInt8])
    func bad_12_a_fragmented_control_frame_closes_with_1002(opcode: UInt8) async throws {
        try await expectProtocolError(
            "A control frame is fragmented.", after: RawFrame(opcode: opcode, "hi", fin: false))
    }

    @Test(arguments: [8, 9, 10] as [UInt8])
    func bad_12_a_control_frame_over_125_bytes_closes_with_1002(opcode: UInt8) async throws {
        // 1000, so that the close frame would be a good one but for its length.
        let payload = "\u{03}" + String(repeating: "\u{68}", count: 125)
        try await expectProtocolError(
            "A control frame is longer than 125 bytes.", after: RawFrame(opcode: opcode, payload))
    }

    @Test func bad_12_a_close_frame_with_one_byte_closes_with_1002() async throws {
        try await expectProtocolError("A close frame has a body of one byte.", after: RawFrame(opcode: 8, "x"))
    }

    @Test(arguments: [true, false])
    func bad_13_a_continuation_of_nothing_closes_with_1002(fin: Bool) async throws {
        try await expectProtocolError(
            "A continuation frame follows no unfinished message.", after: RawFrame(opcode: 0, "hi", fin: fin))
    }

    @Test(arguments: [1, 2] as [UInt8], [true, false])
    func bad_13_a_new_message_inside_an_unfinished_one_closes_with_1002(opcode: UInt8, fin: Bool) async throws {
        try await expectProtocolError(
            "A new message begins inside an unfinished one.",
            after: RawFrame("[", fin: false), RawFrame(opcode: opcode, "hi", fin: fin))
    }

    /// Once a message is finished, a further continuation has nothing to continue.
    @Test func bad_13_a_continuation_behind_a_finished_message_closes_with_1002() async throws {
        try await attack { server in
            let client = try await TestClient.connect(server)
            try await client.sendFrame(RawFrame(#"[null,"1","phoenix","#, fin: false))
            try await client.sendFrame(RawFrame(opcode: 0, #""heartbeat",{}]"#))
            #expect(try await client.receiveMessage().status == "ok")
            try await client.sendFrame(RawFrame(opcode: 0, "more"))
            #expect(try await client.receiveClose().code == 1002)
        }
    }

    private func expectProtocolError(_ reason: String, after frames: RawFrame...) async throws {
        try await attack { server in
            let client = try await TestClient.connect(server)
            for frame in frames { try await client.sendFrame(frame) }
            let close = try await client.receiveClose()
            #expect(close.code == 1002)
            #expect(close.reason == reason)
            #expect(try await client.receive() == .eof)
            let statistics = await server.statistics()
            #expect(statistics.protocolErrors == 1)
            // The neighbour's join alone.
            #expect(statistics.messagesReceived == 1)
        }
    }
}
