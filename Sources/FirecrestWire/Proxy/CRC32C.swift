// Firecrest — the checksum of PROXY protocol headers.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// CRC-32C (RFC 9260 appendix A). A bit at a time: it is taken of one header of some hundred bytes at most, and only where a
/// proxy asks for it.
enum CRC32C {
    /// - Parameter zeroing: the place of the checksum itself, an index range of `buffer`, which counts as zeros.
    static func sum(of buffer: ByteBuffer, zeroing hole: Range<Int>) -> UInt32 {
        var sum = ~UInt32(0)
        for (index, byte) in zip(buffer.readerIndex..., buffer.readableBytesView) {
            sum ^= UInt32(hole.contains(index) ? 0 : byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
        }
        return ~sum
    }
}
