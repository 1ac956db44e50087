// Firecrest — compresses the messages of one loop.
// SPDX-License-Identifier: Apache-2.0

import CFirecrestZlib
package import NIOCore

/// A zlib deflate context for one window size, shared by all connections of an event loop and reset before each
/// message.
///
/// Costs about (1 << (windowBits + 2)) + (1 << (memLevel + 9)) bytes (zconf.h): 160 KiB at 15 and 6.
///
/// Isolation: not Sendable; belongs to one event loop.
@safe
package final class Deflater {
    /// On the heap, as zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool

    /// - Parameter windowBits: 9 ... 15; a value outside counts as the nearest inside.
    package init(options: DeflateOptions, windowBits: Int) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        isReady =
            unsafe firecrest_deflate_init(
                stream, Int32(clamping: options.level), Int32(clamping: min(max(windowBits, 9), 15)),
                Int32(clamping: options.memLevel)) == Z_OK
    }

    deinit {
        if isReady { _ = unsafe deflateEnd(stream) }
        unsafe stream.deallocate()
    }

    /// The payload of a compressed message (RFC 7692 §7.2.1): DEFLATE data without the closing 00 00 FF FF.
    ///
    /// Never fails: should zlib have no memory, the message is wrapped in stored blocks, which any peer reads.
    /// Compare the lengths before sending; what does not shrink is better sent as it is.
    package func deflate(_ input: ByteBuffer, allocator: ByteBufferAllocator) -> ByteBuffer {
        var output = allocator.buffer(capacity: max(64, input.readableBytes / 2))
        guard isReady, unsafe deflateReset(stream) == Z_OK, run(input, into: &output),
            output.getInteger(at: output.writerIndex - 4, as: UInt32.self) == 0x0000_FFFF
        else {
            return StoredBlocks.wrap(input, allocator: allocator)
        }
        output.moveWriterIndex(to: output.writerIndex - 4)
        return output
    }

    private func run(_ input: ByteBuffer, into output: inout ByteBuffer) -> Bool {
        unsafe input.withUnsafeReadableBytes { bytes in
            defer {
                unsafe stream.pointee.next_in = nil
                unsafe stream.pointee.next_out = nil
            }
            // zlib only reads through next_in; the type is not const for old compilers' sake.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe stream.pointee.avail_in = UInt32(clamping: bytes.count)
            while true {
                let status = step(into: &output)
                guard status == Z_OK || status == Z_BUF_ERROR else { return false }
                // zlib.h, on deflate(): a flush is complete when it returns with output space left.
                if unsafe stream.pointee.avail_out > 0 { return unsafe stream.pointee.avail_in == 0 }
            }
        }
    }

    private func step(into output: inout ByteBuffer) -> Int32 {
        var status = Z_OK
        // zlib.h: fewer than 6 bytes of space may repeat the flush marker.
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: 16) { space in
            let count = UInt32(clamping: space.count)
            unsafe stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = count
            status = unsafe CFirecrestZlib.deflate(stream, Z_SYNC_FLUSH)
            return Int(count) - Int(unsafe stream.pointee.avail_out)
        }
        return status
    }
}

@available(*, unavailable)
extension Deflater: Sendable {}
