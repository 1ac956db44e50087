// Firecrest — writes a reply in one go
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes V2 replies, `[join_ref, ref, topic, "phx_reply", {"status": …, "response": …}]` (phoenix-channels.md §2.2).
///
/// A reply is what a server writes most, so its pieces are counted first and then copied side by side: one look for room
/// in place of one for each piece.
package enum ReplyWriter {
    private static let beforeStatus: StaticString = "\",\"phx_reply\",{\"status\":\""
    private static let beforeResponse: StaticString = "\",\"response\":"
    private static let end: StaticString = "}]"

    /// Bytes of a reply without its five parts: the brackets, commas, quotes and keys.
    package static let frameBytes =
        4 + beforeStatus.utf8CodeUnitCount + beforeResponse.utf8CodeUnitCount + end.utf8CodeUnitCount

    /// Appends a reply.
    ///
    /// - Parameters:
    ///   - joinRef: JSON, written as it is; `ref` and `response` likewise.
    ///   - topic: text, written as a JSON string; `status` likewise.
    package static func write(
        joinRef: Span<UInt8>, ref: Span<UInt8>, topic: Span<UInt8>, status: Span<UInt8>, response: Span<UInt8>,
        into buffer: inout ByteBuffer
    ) {
        if !needsEscapes(topic, status) {
            write(
                joinRef: joinRef, ref: ref, topic: topic, status: status, response: response, isFramed: false,
                into: &buffer)
        } else {
            writeEscaped(joinRef: joinRef, ref: ref, topic: topic, status: status, response: response, into: &buffer)
        }
    }

    /// Appends a reply as a server's text frame, header and all.
    ///
    /// - Returns: false, with nothing written, when topic or status have something to escape: the length of the frame is
    ///   not known then until it is written.
    package static func writeFrame(
        joinRef: Span<UInt8>, ref: Span<UInt8>, topic: Span<UInt8>, status: Span<UInt8>, response: Span<UInt8>,
        into buffer: inout ByteBuffer
    ) -> Bool {
        if needsEscapes(topic, status) { return false }
        write(
            joinRef: joinRef, ref: ref, topic: topic, status: status, response: response, isFramed: true, into: &buffer)
        return true
    }

    @inline(__always)
    private static func needsEscapes(_ topic: Span<UInt8>, _ status: Span<UInt8>) -> Bool {
        topic.stringStop(from: 0) != topic.count || status.stringStop(from: 0) != status.count
    }

    @inline(__always)
    private static func write(
        joinRef: Span<UInt8>, ref: Span<UInt8>, topic: Span<UInt8>, status: Span<UInt8>, response: Span<UInt8>,
        isFramed: Bool, into buffer: inout ByteBuffer
    ) {
        let length = frameBytes + joinRef.count + ref.count + topic.count + status.count + response.count
        let room = length + (isFramed ? FrameEncoder.headerLength(payloadLength: length, masked: false) : 0)
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            var pen = unsafe BytePen(target)
            if isFramed { pen.writeHeader(length) }
            pen.write(UInt8(ascii: "["))
            pen.write(joinRef)
            pen.write(UInt8(ascii: ","))
            pen.write(ref)
            pen.write(UInt8(ascii: ","))
            pen.write(UInt8(ascii: "\""))
            pen.write(topic)
            pen.write(beforeStatus)
            pen.write(status)
            pen.write(beforeResponse)
            pen.write(response)
            pen.write(end)
            return pen.count
        }
    }

    private static func writeEscaped(
        joinRef: Span<UInt8>, ref: Span<UInt8>, topic: Span<UInt8>, status: Span<UInt8>, response: Span<UInt8>,
        into buffer: inout ByteBuffer
    ) {
        buffer.writeInteger(UInt8(ascii: "["))
        unsafe buffer.writeBytes(joinRef.bytes)
        buffer.writeInteger(UInt8(ascii: ","))
        unsafe buffer.writeBytes(ref.bytes)
        buffer.writeInteger(UInt8(ascii: ","))
        buffer.writeJSONString(topic)
        buffer.writeStaticString(",\"phx_reply\",{\"status\":")
        buffer.writeJSONString(status)
        buffer.writeStaticString(",\"response\":")
        unsafe buffer.writeBytes(response.bytes)
        buffer.writeStaticString("}]")
    }
}

/// Writes bytes side by side into memory whose size is known. What does not fit is not written: a caller that counted
/// wrong makes a short text, no overrun.
@safe
private struct BytePen {
    private let target: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ target: UnsafeMutableRawBufferPointer) {
        unsafe self.target = unsafe target
    }

    @inline(__always)
    mutating func write(_ byte: UInt8) {
        guard unsafe count < target.count else { return }
        unsafe target[count] = byte
        count += 1
    }

    /// The header of a text frame (RFC 6455 §5.2).
    @inline(__always)
    mutating func writeHeader(_ length: Int) {
        write(0x81)
        switch length {
        case ...125:
            write(UInt8(truncatingIfNeeded: length))
        case ...0xFFFF:
            write(126)
            write(bigEndian: length, bytes: 2)
        default:
            write(127)
            write(bigEndian: length, bytes: 8)
        }
    }

    @inline(__always)
    private mutating func write(bigEndian number: Int, bytes: Int) {
        for place in (0..<bytes).reversed() { write(UInt8(truncatingIfNeeded: number >> (place * 8))) }
    }

    @inline(__always)
    mutating func write(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe write($0) }
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        unsafe write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    private mutating func write(_ source: UnsafeRawBufferPointer) {
        guard unsafe source.count <= target.count - count, let start = unsafe target.baseAddress,
            let from = source.baseAddress
        else { return }
        unsafe (start + count).copyMemory(from: from, byteCount: source.count)
        count += source.count
    }
}
