// Firecrest — a connection that is accepted only to say why it is refused.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestWire
internal import NIOCore

/// Sends one frame and closes; what the client sends is dropped.
///
/// Isolation: belongs to its connection's loop.
final class FarewellSession: WebSocketSession {
    private let frame: ByteBuffer?
    private let code: CloseCode
    private let reason: String

    /// - Parameters:
    ///   - code: stable, for programs.
    ///   - reason: for people; a client's own text is never in it.
    init(code: String, reason: String, closeCode: CloseCode, serializer: any Serializer) {
        let payload = try? Payload(["code": .string(code), "reason": .string(reason)] as JSON)
        frame = payload.flatMap { payload in
            try? EncodedFrame(
                .push(joinRef: .null, topic: "phoenix", event: OutboundMessage.Event.error, payload: payload),
                with: serializer
            ).webSocketFrame
        }
        self.code = closeCode
        self.reason = "\(code): \(reason)"
    }

    func opened(_ connection: WebSocketConnection) {
        connection.loop.statistics.upgradesRefused += 1
        if let frame { connection.send(frame: frame) }
        connection.close(code, reason: reason)
    }

    func received(_ payload: ByteBuffer, kind: MessageKind) {}

    func closed(_ end: ConnectionEnd) {}
}
