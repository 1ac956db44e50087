// Firecrest — DEFLATE without compression.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Wraps bytes in stored blocks (RFC 1951 §3.2.4, RFC 7692 §7.2.3.3): what a ``Deflater`` sends when zlib fails.
enum StoredBlocks {
    /// The payload of a compressed message that holds `input` as it is, 5 bytes longer per 65,535 and 1 at the end.
    static func wrap(_ input: ByteBuffer, allocator: ByteBufferAllocator) -> ByteBuffer {
        var rest = input
        var output = allocator.buffer(capacity: input.readableBytes + (input.readableBytes / 0xFFFF + 1) * 5 + 1)
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(rest.readableBytes, 0xFFFF)) {
            let length = UInt16(clamping: piece.readableBytes)
            output.writeInteger(0, as: UInt8.self)  // BFINAL 0, BTYPE 00, five bits of padding
            output.writeInteger(length, endianness: .little)
            output.writeInteger(~length, endianness: .little)
            output.writeImmutableBuffer(piece)
        }
        output.writeInteger(0, as: UInt8.self)  // an empty stored block, less its 00 00 FF FF
        return output
    }
}
