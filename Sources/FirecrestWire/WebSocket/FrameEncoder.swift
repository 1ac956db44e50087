// Firecrest — frames out.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes frames (RFC 6455 §5.2). Everything is written in one piece; a long message needs no fragments, as its
/// length is known.
package enum FrameEncoder {
    /// The longest payload of a control frame, in bytes (RFC 6455 §5.5).
    package static let maxControlBytes = 125
    /// The longest reason of a close frame, in bytes: a control frame less the code.
    package static let maxReasonBytes = 123

    /// Bytes of the header before `payloadLength` bytes of payload, 2...14.
    package static func headerLength(payloadLength: Int, masked: Bool) -> Int {
        let extended = payloadLength <= 125 ? 0 : payloadLength <= 0xFFFF ? 2 : 8
        return 2 + extended + (masked ? 4 : 0)
    }

    /// Appends a header.
    ///
    /// - Parameters:
    ///   - compressed: sets RSV1; only for the first frame of a message, and only when the handshake agreed.
    ///   - maskKey: `nil` for a server. A client passes a fresh random key and masks the payload with it, see
    ///     ``Masking``.
    package static func writeHeader(
        into buffer: inout ByteBuffer, opcode: Opcode, fin: Bool = true, compressed: Bool = false,
        payloadLength: Int, maskKey: UInt32? = nil
    ) {
        let first = (fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode.rawValue
        let mask: UInt8 = maskKey == nil ? 0 : 0x80
        if payloadLength <= 125 {
            buffer.writeInteger(UInt16(first) << 8 | UInt16(mask | UInt8(clamping: payloadLength)))
        } else if payloadLength <= 0xFFFF {
            let start = UInt32(first) << 24 | UInt32(mask | 126) << 16
            buffer.writeInteger(start | UInt32(truncatingIfNeeded: payloadLength))
        } else {
            buffer.writeInteger(UInt16(first) << 8 | UInt16(mask | 127))
            buffer.writeInteger(UInt64(truncatingIfNeeded: payloadLength))
        }
        if let maskKey {
            buffer.writeInteger(maskKey)
        }
    }

    /// A whole frame in a buffer of its own.
    package static func frame(
        opcode: Opcode, payload: ByteBuffer, compressed: Bool = false, allocator: ByteBufferAllocator,
        maskKey: UInt32? = nil
    ) -> ByteBuffer {
        let length = payload.readableBytes
        let header = headerLength(payloadLength: length, masked: maskKey != nil)
        var buffer = allocator.buffer(capacity: header + length)
        writeHeader(
            into: &buffer, opcode: opcode, compressed: compressed, payloadLength: length, maskKey: maskKey)
        buffer.writeImmutableBuffer(payload)
        if let maskKey, length > 0, let written = buffer.getSlice(at: buffer.writerIndex - length, length: length) {
            Masking.applyInPlace(maskKey, to: written, count: length)  // our own bytes, which nobody else has yet
        }
        return buffer
    }

    /// A close frame from a server.
    ///
    /// A reason over 123 bytes is cut between two code points. A code that must not be sent (1005 "no status", 1006,
    /// 1015, out of range) gives an empty body, which is how RFC 6455 §7.1.5 spells "no status".
    package static func close(_ code: CloseCode, reason: String, allocator: ByteBufferAllocator) -> ByteBuffer {
        frame(opcode: .close, payload: closeBody(code, reason: reason, allocator: allocator), allocator: allocator)
    }

    /// The payload of a close frame, for a client to mask and send with
    /// ``frame(opcode:payload:compressed:allocator:maskKey:)``.
    package static func closeBody(
        _ code: CloseCode, reason: String, allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        guard CloseCode.isAllowedOnWire(code.rawValue) else { return ByteBuffer() }
        var body = allocator.buffer(capacity: maxControlBytes)
        body.writeInteger(code.rawValue)
        body.writeSubstring(prefix(of: reason, bytes: maxReasonBytes))
        return body
    }

    private static func prefix(of reason: String, bytes limit: Int) -> Substring {
        let utf8 = reason.utf8
        guard var end = utf8.index(utf8.startIndex, offsetBy: limit, limitedBy: utf8.endIndex) else {
            return reason[...]
        }
        while end > utf8.startIndex, end < utf8.endIndex, utf8[end] & 0xC0 == 0x80 {
            end = utf8.index(before: end)
        }
        return reason[..<end]
    }
}
