// Firecrest — bad input 10: lengths that lie, overflow, or are written the long way.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct FrameLengthTests {
    private struct Case {
        let frame: RawFrame
        let code: UInt16
        let reason: String
    }

    private static let topBit = "The top bit of a 64-bit frame length is set."
    private static let notMinimal = "A frame length is encoded in more bytes than it needs."

    private static let cases = [
        Case(frame: RawFrame(declaredLength: 1 << 63), code: 1002, reason: topBit),
        Case(frame: RawFrame(declaredLength: .max), code: 1002, reason: topBit),
        Case(frame: RawFrame(declaredLength: (1 << 63) + 5), code: 1002, reason: topBit),
        Case(
            frame: RawFrame(declaredLength: (1 << 63) - 1), code: 1009,
            reason: "A frame declares 9223372036854775807 bytes; the limit is 1048576."),
        Case(
            frame: RawFrame(opcode: 2, declaredLength: 1 << 32), code: 1009,
            reason: "A frame declares 4294967296 bytes; the limit is 1048576."),
        Case(
            frame: RawFrame(declaredLength: 1_048_577), code: 1009,
            reason: "A frame declares 1048577 bytes; the limit is 1048576."),
        Case(frame: RawFrame("hi", lengthForm: .sixteen), code: 1002, reason: notMinimal),
        Case(frame: RawFrame(declaredLength: 125, lengthForm: .sixteen), code: 1002, reason: notMinimal),
        Case(frame: RawFrame("hi", lengthForm: .sixtyFour), code: 1002, reason: notMinimal),
        Case(frame: RawFrame(declaredLength: 65_535, lengthForm: .sixtyFour), code: 1002, reason: notMinimal),
        Case(frame: RawFrame(declaredLength: 0, lengthForm: .sixtyFour), code: 1002, reason: notMinimal),
    ]

    @Test func bad_10_lengths_beyond_reason_close_without_an_allocation() async throws {
        try await attackAmongBystanders { server in
            let before = ProcessMemory.now
            for _ in 0..<20 {
                for bad in Self.cases {
                    let close = try await close(server, after: bad.frame)
                    #expect(close.code == bad.code)
                    #expect(close.reason == bad.reason)
                }
            }
            let growth = ProcessMemory.now.data - before.data
            #expect(growth < 32 << 20, "\(growth) bytes more")
            #expect(await server.statistics().protocolErrors == 20 * Self.cases.count)
        }
    }

    /// Between the fragments of a message, where a length is added to what is there.
    @Test func bad_10_a_length_that_overflows_a_message_closes_with_1009() async throws {
        var websocket = WebSocketOptions()
        websocket.maxFrameBytes = 1 << 30
        try await attack(websocket) { server in
            let close = try await close(
                server, after: RawFrame("hi", fin: false), RawFrame(opcode: 0, declaredLength: (1 << 63) - 1))
            #expect(close.code == 1009)
        }
    }
}
