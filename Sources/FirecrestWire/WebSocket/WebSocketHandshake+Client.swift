// Firecrest — the client's half of the opening handshake.
// SPDX-License-Identifier: Apache-2.0

extension WebSocketHandshake {
    /// A value for `Sec-WebSocket-Key`: 16 random bytes in base64 (RFC 6455 §4.1, item 7).
    package static func makeKey(using generator: inout some RandomNumberGenerator) -> String {
        Base64.encode((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// Checks a server's answer (RFC 6455 §4.1, the second list); `nil` when the connection is open.
    ///
    /// Extensions and subprotocols are the caller's to check, see ``DeflateNegotiation/confirm(_:)``.
    package static func verify(
        status: Int, upgrade: [String], connection: [String], accept: [String], forKey key: String
    ) -> WebSocketHandshakeError? {
        guard status == 101 else {
            return WebSocketHandshakeError(kind: .status, reason: "The server answered \(status) instead of 101.")
        }
        guard HeaderTokens.contains("websocket", in: upgrade) else {
            return WebSocketHandshakeError(
                kind: .upgrade, reason: "The server's answer lacks the header Upgrade: websocket.")
        }
        guard HeaderTokens.contains("upgrade", in: connection) else {
            return WebSocketHandshakeError(
                kind: .connection, reason: "The server's answer lacks the header Connection: Upgrade.")
        }
        guard accept.count == 1, accept.first == Self.accept(forKey: key) else {
            return WebSocketHandshakeError(
                kind: .accept, reason: "The server's Sec-WebSocket-Accept does not answer the key.")
        }
        return nil
    }
}
