// Firecrest — the server's half of the opening handshake.
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// Checks of the opening handshake (RFC 6455 §4), on header values rather than on any HTTP library's types.
///
/// Every header is passed as the list of its field values, in order; an absent header is an empty list.
package enum WebSocketHandshake {
    /// The one version there is (RFC 6455 §4.1, item 9).
    package static let version = "13"

    /// What both ends put behind the key, so that only somebody who means WebSockets can answer (RFC 6455 §1.3).
    package static let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// The `Sec-WebSocket-Accept` that answers `key`: base64 of SHA-1 of the key and the ``guid`` (RFC 6455 §4.2.2).
    ///
    /// SHA-1 proves nothing here, it only shows that the server understood the key.
    package static func accept(forKey key: String) -> String {
        Base64.encode(digest(forKey: key))
    }

    /// The 20 bytes that ``accept(forKey:)`` is made of.
    package static func digest(forKey key: String) -> [UInt8] {
        var hash = Insecure.SHA1()
        let bytes = Array((key + guid).utf8)
        unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }

    /// Checks a client's opening request (RFC 6455 §4.2.1); `nil` when it is in order.
    package static func check(
        method: String, host: [String], connection: [String], upgrade: [String], key: [String], version: [String]
    ) -> WebSocketHandshakeError? {
        guard method == "GET" else {
            return WebSocketHandshakeError(kind: .method, reason: "A WebSocket upgrade must be a GET request.")
        }
        guard let authority = host.first, host.count == 1, !authority.isEmpty else {
            return WebSocketHandshakeError(kind: .host, reason: "A WebSocket upgrade needs exactly one Host header.")
        }
        guard HeaderTokens.contains("upgrade", in: connection) else {
            return WebSocketHandshakeError(
                kind: .connection, reason: "A WebSocket upgrade needs the header Connection: Upgrade.")
        }
        guard HeaderTokens.contains("websocket", in: upgrade) else {
            return WebSocketHandshakeError(
                kind: .upgrade, reason: "A WebSocket upgrade needs the header Upgrade: websocket.")
        }
        guard version.count == 1, version.first == Self.version else {
            return WebSocketHandshakeError(
                kind: .version, reason: "Sec-WebSocket-Version must be given once and be 13.")
        }
        guard key.count == 1, let nonce = key.first, Base64.isSixteenBytes(nonce) else {
            return WebSocketHandshakeError(
                kind: .key, reason: "Sec-WebSocket-Key must be given once and be 16 bytes in base64.")
        }
        return nil
    }
}
