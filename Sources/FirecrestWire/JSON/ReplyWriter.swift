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
        guard topic.stringStop(from: 0) == topic.count, status.stringStop(from: 0) == status.count else {
            return writeEscaped(
                joinRef: joinRef, ref: ref, topic: topic, status: status, response: response, into: &buffer)
        }
        let room = frameBytes + joinRef.count + ref.count + topic.count + status.count + response.count
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
            var pen = unsafe BytePen(target)
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
