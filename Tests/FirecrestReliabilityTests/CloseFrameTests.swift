// Firecrest — bad input 17: close frames with codes and reasons that must not be sent.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct CloseFrameTests {
    @Test(arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
    func bad_17_an_invalid_close_code_is_answered_with_1002(code: UInt16) async throws {
        try await attack { server in
            let client = try await TestClient.connect(server)
            try await client.close(code)
            let close = try await client.receiveClose()
            #expect(close.code == 1002)
            #expect(close.reason == "A close frame carries the code \(code), which must not be sent.")
            #expect(try await client.receive() == .eof)
            #expect(await server.statistics().protocolErrors == 1)
        }
    }

    @Test(arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC3]] as [[UInt8]])
    func bad_17_a_close_reason_that_is_not_UTF_8_is_answered_with_1007(reason: [UInt8]) async throws {
        try await attack { server in
            let close = try await close(
                server, after: RawFrame(opcode: 8, ByteBuffer(bytes: [0x03, 0xE8] + reason)))
            #expect(close.code == 1007)
            #expect(close.reason == "The reason in a close frame is not UTF-8.")
        }
    }

    @Test(arguments: [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] as [UInt16])
    func bad_17_a_valid_close_code_is_no_error(code: UInt16) async throws {
        try await attack { server in
            let client = try await TestClient.connect(server)
            try await client.close(code, reason: "bye ☂")
            let close = try await client.receiveClose()
            #expect(close.code == code)
            #expect(try await client.receive() == .eof)
            #expect(await server.statistics().protocolErrors == 0)
        }
    }

    @Test func bad_17_a_close_frame_without_a_code_is_answered_with_1000() async throws {
        try await attack { server in
            let close = try await close(server, after: RawFrame(opcode: 8))
            #expect(close.code == 1000)
        }
    }

    /// What comes behind a close frame is not looked at (RFC 6455 §5.5.1).
    @Test func bad_17_frames_behind_a_close_frame_are_ignored() async throws {
        try await attack { server in
            let client = try await TestClient.connect(server)
            var bytes = RawFrame(opcode: 8, ByteBuffer(bytes: [0x03, 0xE8])).bytes
            bytes.writeImmutableBuffer(RawFrame(opcode: 7, "bad").bytes)
            bytes.writeImmutableBuffer(RawFrame("[]").bytes)
            try await client.sendBytes(bytes)
            let close = try await client.receiveClose()
            #expect(close.code == 1000)
            #expect(await server.statistics().protocolErrors == 0)
        }
    }
}
