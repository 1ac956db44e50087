// Firecrest — why an upgrade was refused.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with an upgrade request (the server answers 400 with it) or with a response (the client gives up).
package struct WebSocketHandshakeError: Error, Sendable, Equatable {
    /// Names that never change, one per check; safe as metric labels.
    package enum Kind: String, Sendable, CaseIterable {
        case method = "handshake_method"
        case host = "handshake_host"
        case connection = "handshake_connection"
        case upgrade = "handshake_upgrade"
        case key = "handshake_key"
        case version = "handshake_version"
        case status = "handshake_status"
        case accept = "handshake_accept"
        case extensions = "handshake_extensions"
    }

    /// The stable name of the check that failed.
    package var kind: Kind
    /// One sentence in ASCII for the body of the response. Nothing of the request is repeated in it.
    package var reason: String

    /// Whether the response must say `Sec-WebSocket-Version: 13` (RFC 6455 §4.4).
    package var sendsVersion: Bool { kind == .version }

    package init(kind: Kind, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}
