// Firecrest — the frames that go out to one connection in one write.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// Collects masked frames; one of these serves all connections of a loop, one after the other.
struct FrameBatch {
    /// Of the join; the same on every connection, since each joins one topic.
    static let joinRef = Array(#"["1",""#.utf8)
    private static let noJoinRef = Array(#"[null,""#.utf8)
    private static let separator = Array(#"",""#.utf8)

    private(set) var bytes = ByteBuffer()
    private var text = ByteBuffer()
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    var isEmpty: Bool { bytes.readableBytes == 0 }

    /// A push on a joined topic.
    ///
    /// - Parameter event: as JSON writes it, without quotes.
    mutating func push(
        ref: UInt64, topic: Int32, of names: TopicNames, event: [UInt8], payload: (inout ByteBuffer) -> Void
    ) {
        text.clear()
        text.writeBytes(Self.joinRef)
        text.writeDecimal(ref)
        text.writeBytes(Self.separator)
        names.write(topic, into: &text)
        finish(event, payload)
    }

    mutating func heartbeat(ref: UInt64) {
        text.clear()
        text.writeBytes(Self.noJoinRef)
        text.writeDecimal(ref)
        text.writeBytes(Self.separator)
        text.writeStaticString("phoenix")
        finish(Self.heartbeatEvent) { $0.writeStaticString("{}") }
    }

    private static let heartbeatEvent = Array("heartbeat".utf8)

    private mutating func finish(_ event: [UInt8], _ payload: (inout ByteBuffer) -> Void) {
        text.writeBytes(Self.separator)
        text.writeBytes(event)
        text.writeStaticString("\",")
        payload(&text)
        text.writeInteger(UInt8(ascii: "]"))
        append(.text, text)
    }

    mutating func append(_ opcode: Opcode, _ payload: ByteBuffer) {
        let key = UInt32(truncatingIfNeeded: random.next() >> 32)
        let length = payload.readableBytes
        FrameEncoder.writeHeader(into: &bytes, opcode: opcode, payloadLength: length, maskKey: key)
        bytes.writeImmutableBuffer(payload)
        let end = bytes.readableBytes
        bytes.withUnsafeMutableReadableBytes { all in
            Masking.apply(key, to: UnsafeMutableRawBufferPointer(rebasing: all[(end - length)..<end]))
        }
    }

    /// The frames so far, once written; their memory is used again when the kernel took it all.
    mutating func clear() {
        bytes.clear()
    }
}
