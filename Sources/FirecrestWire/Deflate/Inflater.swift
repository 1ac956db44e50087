// Firecrest — decompresses the messages of one loop.
// SPDX-License-Identifier: Apache-2.0

import CFirecrestZlib
package import NIOCore

/// A zlib inflate context, shared by all connections of an event loop: about 40 KiB once, reset before each message.
///
/// Its window is 32 KiB, which reads what any smaller window wrote.
///
/// Isolation: not Sendable; belongs to one event loop.
@safe
package final class Inflater {
    /// Output up to here is never refused for its ratio, in bytes: 128 KiB.
    ///
    /// Short repetitive text may well shrink by 1,000; inflating this much takes a fraction of a millisecond.
    package static let ratioFloorBytes = 128 << 10

    private enum Outcome {
        /// All input is taken, all output written.
        case drained
        /// A block with BFINAL ended the data; input may be left.
        case finalBlock
        case invalid, overLimit, outOfMemory
    }

    /// On the heap, as zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool
    private let keepsContext: Bool

    /// - Parameter keepsContext: a message may refer to those before it, where context takeover was agreed (RFC 7692
    ///   §7.2.2). For an inflater that reads one connection only, such as a tool's; no server of ours agrees to it.
    package init(keepsContext: Bool = false) {
        self.keepsContext = keepsContext
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        isReady = unsafe firecrest_inflate_init(stream, 15) == Z_OK
    }

    deinit {
        if isReady { _ = unsafe inflateEnd(stream) }
        unsafe stream.deallocate()
    }

    /// Inflates one message, all of its fragments joined (RFC 7692 §7.2.2).
    ///
    /// Output is bounded while it is produced: no more than the limit is ever allocated (rounded up to a power of
    /// two), whatever the input turns into. An empty `input` gives an empty message.
    ///
    /// - Parameters:
    ///   - maxBytes: most bytes of output.
    ///   - maxRatio: most bytes of output per byte of input, once over ``ratioFloorBytes``.
    /// - Throws: 1009 over a limit; 1007 for data that is not DEFLATE, ends early, or goes on after its final block;
    ///   1011 when there is no memory.
    package func inflate(
        _ input: ByteBuffer, maxBytes: Int, maxRatio: Int, allocator: ByteBufferAllocator
    ) throws(WebSocketError) -> ByteBuffer {
        guard input.readableBytes > 0 else { return ByteBuffer() }
        let (ratioBytes, overflow) = input.readableBytes.multipliedReportingOverflow(by: max(maxRatio, 1))
        let ratioLimit = overflow ? Int.max : max(ratioBytes, Self.ratioFloorBytes)
        let limit = min(max(maxBytes, 0), ratioLimit, FrameLimits.ceiling)

        var output = allocator.buffer(capacity: min(limit, max(256, input.readableBytes &* 4)))
        let outcome = run(input, into: &output, limit: limit)
        // zlib reads nothing after a final block or an error until it is told to begin anew.
        if keepsContext, outcome != .drained { _ = reset() }
        switch outcome {
        case .drained, .finalBlock:
            return output
        case .invalid:
            throw WebSocketError(
                code: .invalidPayload, kind: .deflateInvalid, reason: "A compressed message is not valid DEFLATE data.")
        case .overLimit where ratioLimit < maxBytes:
            throw WebSocketError(
                code: .messageTooBig, kind: .inflateRatioExceeded,
                reason: "A compressed message inflates to more than \(maxRatio) times its size.")
        case .overLimit:
            throw .messageTooBig(limit: limit)
        case .outOfMemory:
            throw WebSocketError(
                code: .internalError, kind: .inflateUnavailable, reason: "The server has no memory to decompress with.")
        }
    }

    private func run(_ input: ByteBuffer, into output: inout ByteBuffer, limit: Int) -> Outcome {
        guard isReady, keepsContext || reset() else { return .outOfMemory }
        defer {
            unsafe stream.pointee.next_in = nil
            unsafe stream.pointee.next_out = nil
        }
        let outcome = unsafe input.withUnsafeReadableBytes { unsafe feed($0, into: &output, limit: limit) }
        guard outcome == .drained else {
            // After a final block there may be one zero byte: the header of an empty block whose rest the sender
            // cut off (RFC 7692 §7.2.3.4). More is not ours to guess.
            guard outcome == .finalBlock else { return outcome }
            let left = unsafe stream.pointee.avail_in
            let last = input.getInteger(at: input.writerIndex - 1, as: UInt8.self)
            return left == 0 || (left == 1 && last == 0) ? .finalBlock : .invalid
        }
        // RFC 7692 §7.2.2: append 00 00 FF FF. These bytes are the lengths of an empty block: should one of them become
        // data, the message was cut short.
        let produced = output.readableBytes
        let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
        let end = unsafe tail.withUnsafeBytes { unsafe feed($0, into: &output, limit: limit) }
        guard output.readableBytes == produced else { return .invalid }
        switch end {
        case .finalBlock:
            return unsafe stream.pointee.avail_in == 0 ? .finalBlock : .invalid
        case .drained:
            // zlib.h, on inflate(): 128 is "after the end of a block", the low bits count bits not yet used.
            return unsafe stream.pointee.data_type & 0xBF == 128 ? .drained : .invalid
        case .invalid, .overLimit, .outOfMemory:
            return end
        }
    }

    private func reset() -> Bool {
        unsafe inflateReset(stream) == Z_OK
    }

    /// Inflates `input` until zlib has taken and written out all of it, or found a final block.
    @unsafe
    private func feed(_ input: UnsafeRawBufferPointer, into output: inout ByteBuffer, limit: Int) -> Outcome {
        // zlib only reads through next_in; the type is not const for old compilers' sake.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(clamping: input.count)
        while true {
            let status = step(into: &output, room: limit - output.readableBytes)
            switch status {
            case Z_STREAM_END:
                return output.readableBytes > limit ? .overLimit : .finalBlock
            case Z_OK, Z_BUF_ERROR:
                if output.readableBytes > limit { return .overLimit }
                if unsafe stream.pointee.avail_out > 0 {
                    return unsafe stream.pointee.avail_in == 0 ? .drained : .invalid
                }
            case Z_MEM_ERROR:
                return .outOfMemory
            default:
                return .invalid
            }
        }
    }

    /// One call of zlib, with as much output as `room` and the buffer's capacity allow. Without room there is one byte
    /// more than the limit, to see whether anything is left to come.
    private func step(into output: inout ByteBuffer, room: Int) -> Int32 {
        var status = Z_OK
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { space in
            let count = min(space.count, max(room, 1))
            unsafe stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = UInt32(clamping: count)
            status = unsafe CFirecrestZlib.inflate(stream, Z_SYNC_FLUSH)
            return count - Int(unsafe stream.pointee.avail_out)
        }
        return status
    }
}

@available(*, unavailable)
extension Inflater: Sendable {}
