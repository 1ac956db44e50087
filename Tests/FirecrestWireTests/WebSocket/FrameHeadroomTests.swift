// Firecrest — tests of the room kept for a frame's header.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@Suite struct FrameHeadroomTests {
    private static let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]

    private func expected(_ payload: ByteBuffer, _ opcode: Opcode = .text) -> ByteBuffer {
        FrameEncoder.frame(opcode: opcode, payload: payload, allocator: ByteBufferAllocator())
    }

    private func payload(_ length: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<length).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test(arguments: lengths, lengths) func a_frame_is_right_whatever_length_was_guessed(length: Int, guess: Int) {
        for opcode in [Opcode.text, .binary] { check(length, guess, opcode) }
    }

    private func check(_ length: Int, _ guess: Int, _ opcode: Opcode) {
        var buffer = ByteBuffer(string: "before")
        FrameHeadroom.beginFrame(payloadLength: guess, in: &buffer)
        buffer.writeImmutableBuffer(payload(length))
        FrameHeadroom.endFrame(at: 6, payloadLength: guess, in: &buffer, opcode: opcode)
        #expect(buffer.readString(length: 6) == "before")
        #expect(buffer == expected(payload(length), opcode))
    }

    @Test func frames_stand_side_by_side() {
        var buffer = ByteBuffer()
        var all = ByteBuffer()
        for length in Self.lengths {
            let start = buffer.writerIndex
            FrameHeadroom.beginFrame(payloadLength: 200, in: &buffer)
            buffer.writeImmutableBuffer(payload(length))
            FrameHeadroom.endFrame(at: start, payloadLength: 200, in: &buffer, opcode: .text)
            all.writeImmutableBuffer(expected(payload(length)))
        }
        #expect(buffer == all)
    }

    @Test(arguments: lengths) func a_header_before_content_that_is_alone_is_the_same(length: Int) {
        var buffer = ByteBuffer()
        FrameHeadroom.reserve(in: &buffer)
        buffer.writeImmutableBuffer(payload(length))
        let headerBytes = FrameHeadroom.writeHeader(into: &buffer, opcode: .text)
        #expect(headerBytes == buffer.readableBytes - length)
        #expect(buffer == expected(payload(length)))
    }
}
