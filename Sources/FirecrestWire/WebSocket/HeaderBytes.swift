// Firecrest — a frame header that has not all arrived.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Up to 13 bytes of an unfinished frame header, kept inline so that waiting for the rest allocates nothing.
struct HeaderBytes: Sendable {
    private var bytes = InlineArray<14, UInt8>(repeating: 0)
    private var count: UInt8 = 0

    var isEmpty: Bool { count == 0 }

    /// Takes from `buffer` what the header still lacks, and not a byte more.
    mutating func fill(from buffer: inout ByteBuffer) {
        while Int(count) < wanted, let byte = buffer.readInteger(as: UInt8.self) {
            bytes[Int(count)] = byte  // wanted <= 14
            count += 1
        }
    }

    /// ``FrameHeader/parse(_:role:compressionAgreed:)`` of the bytes so far.
    func parse(role: WebSocketRole, compressionAgreed: Bool) throws(WebSocketError) -> FrameHeader? {
        try FrameHeader.parse(
            bytes.span.extracting(first: Int(count)), role: role, compressionAgreed: compressionAgreed)
    }

    /// The header's length as far as it is known: 2 until the second byte tells.
    private var wanted: Int {
        count < 2 ? 2 : FrameHeader.length(secondByte: bytes[1])
    }
}
