// Firecrest — XOR with the masking key, where the bytes lie.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Masking and unmasking, which are the same (RFC 6455 §5.3).
///
/// Keys are numbers in network order: 0x37FA213D is the bytes 37 FA 21 3D on the wire.
package enum Masking {
    /// XORs the first `count` readable bytes of `buffer` with `key`, without copy-on-write.
    ///
    /// NIO's read loop holds a second reference to the storage while it hands a read to us, so the checked accessors of
    /// `ByteBuffer` would copy every read. The contract that makes this sound: the decoder owns the bytes passed
    /// to it. They came from one read, nobody else reads them, and the read loop only looks at its indices
    /// afterwards. Slices handed out before cover other bytes of the storage. The memory came from `malloc`, so
    /// writing through a pointer that was const is defined.
    package static func applyInPlace(_ key: UInt32, to buffer: ByteBuffer, count: Int) {
        unsafe buffer.withUnsafeReadableBytes { readable in
            guard count <= readable.count, let start = readable.baseAddress else { return }
            let bytes = unsafe UnsafeMutableRawPointer(mutating: start)
            unsafe apply(key, to: UnsafeMutableRawBufferPointer(start: bytes, count: count))
        }
    }

    /// XORs all of `bytes`, 32 at a time: 4 words fill the vector registers of every CPU we run on.
    @unsafe
    package static func apply(_ key: UInt32, to bytes: UnsafeMutableRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        let count = bytes.count
        let half = UInt64(key.bigEndian)  // the key's bytes in memory order
        let word = half << 32 | half
        var offset = 0
        while offset &+ 32 <= count {
            for lane in 0..<4 {
                let at = offset &+ lane &* 8
                let value = unsafe start.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                unsafe start.storeBytes(of: value ^ word, toByteOffset: at, as: UInt64.self)
            }
            offset &+= 32
        }
        while offset &+ 8 <= count {
            let value = unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            unsafe start.storeBytes(of: value ^ word, toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        // Up to 7 bytes are left, and offset is a multiple of 8: what follows stays in step with the key.
        if count & 4 != 0 {
            let value = unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            unsafe start.storeBytes(of: value ^ key.bigEndian, toByteOffset: offset, as: UInt32.self)
            offset &+= 4
        }
        if count & 2 != 0 {
            let value = unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            let mask = UInt16(truncatingIfNeeded: key >> 16).bigEndian
            unsafe start.storeBytes(of: value ^ mask, toByteOffset: offset, as: UInt16.self)
            offset &+= 2
        }
        if count & 1 != 0 {
            let mask = UInt8(truncatingIfNeeded: key >> (count & 2 == 0 ? 24 : 8))
            let value = unsafe start.load(fromByteOffset: offset, as: UInt8.self)
            unsafe start.storeBytes(of: value ^ mask, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// The key for the bytes that follow the first `count` of a payload, when a frame arrives in pieces.
    package static func rotated(_ key: UInt32, by count: Int) -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: count & 3) &* 8
        return bits == 0 ? key : key << bits | key >> (32 &- bits)
    }
}
