// Firecrest — masking at every alignment, and without a copy
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@Suite("Masking")
struct MaskingTests {
    static let key: UInt32 = 0x37FA_213D
    static let keyBytes: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    @Test("Every length and every alignment gives what RFC 6455 §5.3 defines, and touches nothing beyond")
    func alignments() {
        for offset in 0..<9 {
            for count in 0...75 {
                let plain = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
                var buffer = ByteBuffer(bytes: plain)
                buffer.moveReaderIndex(forwardBy: offset)
                Masking.applyInPlace(Self.key, to: buffer, count: count)
                buffer.moveReaderIndex(to: 0)
                let expected = plain.enumerated().map { index, byte in
                    (offset..<offset + count).contains(index) ? byte ^ Self.keyBytes[(index - offset) % 4] : byte
                }
                #expect(Array(buffer.readableBytesView) == expected, "offset \(offset), count \(count)")
            }
        }
    }

    @Test("A rotated key goes on where the last piece ended")
    func rotation() {
        let plain = (0..<64).map { UInt8($0) }
        let whole = ByteBuffer(bytes: plain)
        Masking.applyInPlace(Self.key, to: whole, count: 64)
        for cut in 0...64 {
            var pieces = ByteBuffer(bytes: plain)
            Masking.applyInPlace(Self.key, to: pieces, count: cut)
            pieces.moveReaderIndex(forwardBy: cut)
            Masking.applyInPlace(Masking.rotated(Self.key, by: cut), to: pieces, count: 64 - cut)
            pieces.moveReaderIndex(to: 0)
            #expect(pieces == whole, "cut at \(cut)")
        }
    }

    @Test func moreThanIsReadableIsNotTouched() {
        let buffer = ByteBuffer(bytes: [1, 2, 3])
        Masking.applyInPlace(Self.key, to: buffer, count: 4)
        Masking.applyInPlace(Self.key, to: ByteBuffer(), count: 0)
        #expect(Array(buffer.readableBytesView) == [1, 2, 3])
    }

    @Test("A whole frame is unmasked in the read buffer itself, though NIO holds it too")
    func inPlace() throws {
        let payload = Array("unmasked where it lies, without a copy".utf8)
        let held = ByteBuffer(bytes: frame(1, payload) + frame(2, payload))  // NIO's reference
        var read = held
        var decoder = MessageDecoder(role: .server, limits: FrameLimits(), compression: nil)
        for start in [6, 6 + payload.count + 6] {
            guard case .message(_, let slice) = try decoder.next(&read, inflater: { Inflater() }) else {
                Issue.record("no message")
                return
            }
            #expect(Array(slice.readableBytesView) == payload)
            #expect(Array(held.readableBytesView[start..<start + payload.count]) == payload)
            let heldAddress = held.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
            let sliceAddress = slice.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
            #expect(sliceAddress == heldAddress + UInt(start))
        }
    }
}
