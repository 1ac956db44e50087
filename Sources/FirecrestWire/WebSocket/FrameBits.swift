// Firecrest — the fields of a frame header as they stand, right or wrong.
// SPDX-License-Identifier: Apache-2.0

/// The first two bytes of a frame, taken apart but not judged (RFC 6455 §5.2): ``FrameHeader`` does that.
///
/// Kept apart so that a tool can show a header that no decoder takes.
package struct FrameBits: Sendable, Equatable {
    package let first: UInt8
    package let second: UInt8

    package init(first: UInt8, second: UInt8) {
        self.first = first
        self.second = second
    }

    /// FIN: the last frame of its message.
    package var isFinal: Bool { first & 0x80 != 0 }
    package var rsv1: Bool { first & 0x40 != 0 }
    package var rsv2: Bool { first & 0x20 != 0 }
    package var rsv3: Bool { first & 0x10 != 0 }
    /// 0...15; ``Opcode`` has those that mean something.
    package var opcode: UInt8 { first & 0x0F }
    package var isMasked: Bool { second & 0x80 != 0 }
    /// 0...125 is the payload's length; 126 and 127 say that it follows in two or eight bytes.
    package var length7: UInt8 { second & 0x7F }

    /// Bytes of the extended length: 0, 2 or 8.
    package var extendedLengthBytes: Int {
        switch length7 {
        case 126: 2
        case 127: 8
        default: 0
        }
    }

    /// Bytes of the whole header, 2...14.
    package var headerLength: Int { 2 + extendedLengthBytes + (isMasked ? 4 : 0) }

    /// The length that the header declares, minimal or not. `bytes` begins with the header; `nil` while the length is not
    /// all there.
    package func declaredLength(_ bytes: Span<UInt8>) -> UInt64? {
        guard bytes.count >= 2 + extendedLengthBytes else { return nil }
        switch length7 {
        case 126: return UInt64(Self.number(bytes, at: 2) as UInt16)
        case 127: return Self.number(bytes, at: 2)
        default: return UInt64(length7)
        }
    }

    /// The masking key; 0 without one. `nil` while the header is not all there.
    package func maskKey(_ bytes: Span<UInt8>) -> UInt32? {
        guard bytes.count >= headerLength else { return nil }
        return isMasked ? Self.number(bytes, at: headerLength - 4) : 0
    }

    /// The big-endian number that begins at `offset`; the caller has looked that it is all there.
    @inline(__always)
    static func number<Number: FixedWidthInteger & BitwiseCopyable>(_ bytes: Span<UInt8>, at offset: Int) -> Number {
        Number(bigEndian: unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
