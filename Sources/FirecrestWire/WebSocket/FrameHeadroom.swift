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
        let first = 0x80 | opcode.rawValue
        let start: Int
        switch length {
        case ...125:
            start = buffer.readerIndex - 2
            buffer.setInteger(first, at: start)
            buffer.setInteger(UInt8(length), at: start + 1)
        case ...0xFFFF:
            start = buffer.readerIndex - 4
            buffer.setInteger(first, at: start)
            buffer.setInteger(UInt8(126), at: start + 1)
            buffer.setInteger(UInt16(length), at: start + 2)
        default:
            start = buffer.readerIndex - 10
            buffer.setInteger(first, at: start)
            buffer.setInteger(UInt8(127), at: start + 1)
            buffer.setInteger(UInt64(length), at: start + 2)
        }
        let headerBytes = buffer.readerIndex - start
        buffer.moveReaderIndex(to: start)
        return headerBytes
    }
}
