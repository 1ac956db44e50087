// Firecrest — a WebSocket as the carrier of a socket.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestHTTP
package import FirecrestProtocol
package import FirecrestPubSub
internal import FirecrestWire
internal import NIOCore

extension WebSocketConnection: SocketTransport {
    package var name: String { "websocket" }

    package func send(_ message: OutboundMessage, with serializer: any Serializer) throws(PayloadError) {
        guard !isCompressing else { return send(try EncodedFrame(message, with: serializer)) }
        var failure: PayloadError?
        send(size: serializer.sizeHint(message)) { buffer in
            do throws(PayloadError) {
                return try serializer.encode(message, into: &buffer).opcode
            } catch {
                failure = error
                return nil
            }
        }
        if let failure { throw failure }
    }

    package func sendReply(
        joinRef: Ref, ref: Ref, topic: String, status: String, payload: Payload, with serializer: V2JSONSerializer
    ) {
        if !isCompressing {
            let response = payload.bytes
            let size = serializer.replyFrameBytes(
                joinRef: joinRef, ref: ref, topic: topic, status: status, response: response)
            var isWritten = true
            send(frameSize: size) { buffer in
                isWritten = serializer.writeReplyFrame(
                    joinRef: joinRef, ref: ref, topic: topic, status: status, response: response, into: &buffer)
                return isWritten
            }
            if isWritten { return }
        }
        // JSON has a form in a reply of 2.0.0, whatever it is.
        try? send(
            .reply(joinRef: joinRef, ref: ref, topic: .name(topic), status: status, payload: payload), with: serializer)
    }

    package func send(_ frame: EncodedFrame) {
        if isCompressing, let compressed = compressedFrame(frame.content, opcode: frame.kind.opcode) {
            send(frame: compressed)
        } else {
            send(frame: frame.webSocketFrame)
        }
    }

    package func send(_ delivery: Delivery, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        guard let frame = sharedFrame(delivery, serializerIndex) else { return }
        send(frames: frame, count: 1, recipient.rule(for: delivery))
    }

    package func send(_ batch: Batch, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        if isBehind, recipient.mayDrop(from: batch) {
            for delivery in batch.deliveries { send(delivery, serializerIndex: serializerIndex, to: recipient) }
            return
        }
        let key =
            isCompressing
            ? DeliveryVariant.compressed(serializerIndex, compressionKey) : DeliveryVariant.plain(serializerIndex)
        send(frames: batch.joined(key) { sharedFrame($0, serializerIndex) }, count: batch.deliveries.count)
    }

    private func sharedFrame(_ delivery: Delivery, _ serializerIndex: Int) -> ByteBuffer? {
        guard isCompressing else { return delivery.webSocketFrame(serializerIndex) }
        guard let frame = delivery.frame(serializerIndex) else { return nil }
        // Contexts are not taken over, so one compressed frame serves all who agreed to the same window.
        let key = DeliveryVariant.compressed(serializerIndex, compressionKey)
        return delivery.shared(key) {
            compressedFrame(frame.content, opcode: frame.kind.opcode) ?? frame.webSocketFrame
        }
    }
}

extension FrameKind {
    var opcode: Opcode { self == .text ? .text : .binary }
}

extension SocketSession: WebSocketSession {
    func opened(_ connection: WebSocketConnection) {
        attach(connection)
    }

    func received(_ payload: ByteBuffer, kind: MessageKind) {
        receive(payload, kind: kind == .text ? .text : .binary)
    }

    func closed(_ end: ConnectionEnd) {
        transportClosed(end == .server(.serviceRestart) ? .draining : .closed)
    }
}
