// Firecrest — a message in its final form for the wire, shared by everybody who gets it.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
package import NIOCore

/// A serialized message, with an uncompressed WebSocket header written in front of it.
///
/// Serializer, header and payload go into one buffer, once; each connection that sends it shares that buffer. A
/// transport without WebSocket frames takes `content`.
package struct EncodedFrame: Sendable {
    package let kind: FrameKind
    /// The complete server-to-client WebSocket frame.
    package let webSocketFrame: ByteBuffer
    private let headerBytes: Int

    package init(_ message: OutboundMessage, with serializer: any Serializer) throws(PayloadError) {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(FrameHeadroom.maxBytes + serializer.sizeHint(message))
        FrameHeadroom.reserve(in: &buffer)
        kind = try serializer.encode(message, into: &buffer)
        headerBytes = FrameHeadroom.writeHeader(into: &buffer, opcode: kind == .text ? .text : .binary)
        webSocketFrame = buffer
    }

    /// What the serializer wrote, without the WebSocket header.
    package var content: ByteBuffer {
        webSocketFrame.getSlice(
            at: webSocketFrame.readerIndex + headerBytes, length: webSocketFrame.readableBytes - headerBytes)
            ?? ByteBuffer()
    }
}
