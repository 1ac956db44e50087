// Firecrest — room kept in front of a payload for the frame header, whose size is known only afterwards.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes a server's frame header (RFC 6455 §5.2, unmasked) in front of content that is already in the buffer.
///
/// The header has 2, 4 or 10 bytes depending on the length of what follows, so ten are reserved and the header is put
/// directly before the content: one buffer, one pass.
package enum FrameHeadroom {
    package static let maxBytes = 10

    /// Leaves room at the start of an empty buffer.
    package static func reserve(in buffer: inout ByteBuffer) {
        buffer.writeRepeatingByte(0, count: maxBytes)
        buffer.moveReaderIndex(forwardBy: maxBytes)
    }

    /// Puts the header before the readable bytes and makes it readable too. Returns its length.
    package static func writeHeader(into buffer: inout ByteBuffer, opcode: Opcode) -> Int {
        let length = buffer.readableBytes
        let headerBytes = FrameEncoder.headerLength(payloadLength: length, masked: false)
        let start = buffer.readerIndex - headerBytes
        setHeader(at: start, length: length, in: &buffer, opcode: opcode)
        buffer.moveReaderIndex(to: start)
        return headerBytes
    }

    /// Begins a frame at the end of a buffer that may hold others already: writes its header as if it were a text of
    /// `payloadLength` bytes. ``endFrame(at:payloadLength:in:opcode:)`` makes it right.
    package static func beginFrame(payloadLength: Int, in buffer: inout ByteBuffer) {
        FrameEncoder.writeHeader(into: &buffer, opcode: .text, payloadLength: payloadLength)
    }

    /// Ends a frame: if its content is not what `beginFrame` took it for, mends the header and moves the content to it.
    ///
    /// - Parameter start: where the writer index was before `beginFrame`.
    package static func endFrame(at start: Int, payloadLength: Int, in buffer: inout ByteBuffer, opcode: Opcode) {
        let room = FrameEncoder.headerLength(payloadLength: payloadLength, masked: false)
        let length = max(0, buffer.writerIndex - start - room)
        if length == payloadLength, opcode == .text { return }
        let headerBytes = FrameEncoder.headerLength(payloadLength: length, masked: false)
        if headerBytes != room {
            if headerBytes > room { buffer.writeRepeatingByte(0, count: headerBytes - room) }
            _ = try? buffer.copyBytes(at: start + room, to: start + headerBytes, length: length)
            buffer.moveWriterIndex(to: start + headerBytes + length)
        }
        setHeader(at: start, length: length, in: &buffer, opcode: opcode)
    }

    private static func setHeader(at start: Int, length: Int, in buffer: inout ByteBuffer, opcode: Opcode) {
        let first = 0x80 | opcode.rawValue
        switch length {
        case ...125:
            buffer.setInteger(UInt16(first) << 8 | UInt16(length), at: start)
        case ...0xFFFF:
            buffer.setInteger(UInt32(first) << 24 | 126 << 16 | UInt32(length), at: start)
        default:
            buffer.setInteger(UInt16(first) << 8 | 127, at: start)
            buffer.setInteger(UInt64(length), at: start + 2)
        }
    }
}
