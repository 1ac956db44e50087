// Firecrest — the ways in which messages become frames of a connection.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore

extension WebSocketConnection {
    /// From this many bytes on, copying a payload costs more than writing it by itself.
    private static let longPayload = 16_384

    /// Queues a complete frame. It leaves with the tick's flush.
    package func send(frame: ByteBuffer) {
        guard phase == .open else { return }
        enqueueFrame(frame)
    }

    /// Queues a frame that only this client gets, with the content that `encode` appends to the buffer it is given.
    /// Short ones of a tick share a buffer.
    ///
    /// - Parameters:
    ///   - size: about how long the content will be.
    ///   - encode: returns nil to have nothing sent.
    package func send(size: Int, _ encode: (inout ByteBuffer) -> Opcode?) {
        guard phase == .open else { return }
        append(size: size + FrameHeadroom.maxBytes) { buffer in
            let start = buffer.writerIndex
            FrameHeadroom.beginFrame(payloadLength: size, in: &buffer)
            guard let opcode = encode(&buffer) else { return false }
            FrameHeadroom.endFrame(at: start, payloadLength: size, in: &buffer, opcode: opcode)
            loop.statistics.framesSent += 1
            loop.statistics.bytesSent += buffer.writerIndex - start
            return true
        }
    }

    /// Queues a frame that only this client gets, header and all as `write` appends it.
    ///
    /// - Parameters:
    ///   - size: about how long the frame will be.
    ///   - write: returns whether it did.
    package func send(frameSize size: Int, _ write: (inout ByteBuffer) -> Bool) {
        guard phase == .open else { return }
        append(size: size) { buffer in
            let start = buffer.writerIndex
            guard write(&buffer) else { return false }
            loop.statistics.framesSent += 1
            loop.statistics.bytesSent += buffer.writerIndex - start
            return true
        }
    }

    /// Sends a frame with a payload that is there already. A long one is not copied, and leaves at once.
    package func send(_ payload: ByteBuffer, opcode: Opcode) {
        if payload.readableBytes >= Self.longPayload, phase == .open {
            var head = ByteBuffer()
            FrameEncoder.writeHeader(into: &head, opcode: opcode, payloadLength: payload.readableBytes)
            if writeNow(head, payload) {
                loop.statistics.framesSent += 1
                loop.statistics.bytesSent += head.readableBytes + payload.readableBytes
                return
            }
        }
        send(size: payload.readableBytes) { buffer in
            buffer.writeImmutableBuffer(payload)
            return opcode
        }
    }

    /// Queues complete frames that stand end to end in one buffer, which other connections share.
    ///
    /// - Parameter rule: how they may give way to others while the client does not read.
    package func send(frames: ByteBuffer, count: Int, _ rule: @autoclosure () -> DropRule? = nil) {
        guard phase == .open else { return }
        loop.statistics.framesSent += count
        loop.statistics.bytesSent += frames.readableBytes
        enqueue(frames, rule())
    }

    /// Whether messages to this client are compressed.
    package var isCompressing: Bool { parameters.agreement != nil }

    /// Tells compressed frames apart that are not the same: two connections with one key can share a frame.
    package var compressionKey: Int {
        let deflate = parameters.deflate
        return ((deflate.minimumBytes << 4 | deflate.level) << 4 | deflate.memLevel) << 4
            | (parameters.agreement?.serverMaxWindowBits ?? 0)
    }

    /// The compressed frame of a message, or nil when the message is too short for it or would not get smaller.
    package func compressedFrame(_ content: ByteBuffer, opcode: Opcode) -> ByteBuffer? {
        guard let agreement = parameters.agreement, content.readableBytes >= parameters.deflate.minimumBytes else {
            return nil
        }
        let compressed = loop.deflate.deflater(parameters.deflate, windowBits: agreement.serverMaxWindowBits)
            .deflate(content, allocator: ByteBufferAllocator())
        guard compressed.readableBytes < content.readableBytes else { return nil }
        return FrameEncoder.frame(
            opcode: opcode, payload: compressed, compressed: true, allocator: ByteBufferAllocator())
    }
}
