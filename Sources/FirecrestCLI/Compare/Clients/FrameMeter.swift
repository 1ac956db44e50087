// Firecrest — the sizes of frame headers in a stream of WebSocket bytes.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// Walks over frames without looking at what they carry.
struct FrameMeter {
    private var header: [UInt8] = []
    /// Bytes of the present frame's payload that have not come yet.
    private var payloadLeft: UInt64 = 0

    /// - Returns: the length of each header that `bytes` complete.
    mutating func read(_ bytes: ByteBuffer) -> [Int] {
        var lengths: [Int] = []
        var rest = bytes
        while rest.readableBytes > 0 {
            if payloadLeft > 0 {
                let count = min(Int(clamping: payloadLeft), rest.readableBytes)
                rest.moveReaderIndex(forwardBy: count)
                payloadLeft -= UInt64(count)
                continue
            }
            guard let byte = rest.readInteger(as: UInt8.self) else { break }
            header.append(byte)
            guard header.count >= 2 else { continue }
            let bits = FrameBits(first: header[0], second: header[1])
            guard header.count == bits.headerLength else { continue }
            payloadLeft = bits.declaredLength(header.span) ?? 0
            lengths.append(header.count)
            header.removeAll(keepingCapacity: true)
        }
        return lengths
    }
}
