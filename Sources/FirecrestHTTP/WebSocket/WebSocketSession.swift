// Firecrest — the seam between a WebSocket connection and what it carries.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore

/// What a WebSocket carries: a Phoenix socket, or a plain echo.
///
/// Isolation: called on the connection's loop only.
package protocol WebSocketSession: OutboundSession {
    /// The 101 is queued; from here on messages may be sent.
    func opened(_ connection: WebSocketConnection)

    /// One whole message. `payload` may share the read buffer: what is kept longer than this call is copied.
    func received(_ payload: ByteBuffer, kind: MessageKind)

    /// The connection is gone; nothing can be sent any more. Called exactly once after `opened`.
    func closed(_ end: ConnectionEnd)
}

/// Why a connection ended, for the code on top of it.
package enum ConnectionEnd: Sendable, Hashable {
    /// The client closed, with a close frame or without.
    case client
    /// The server closed with this code.
    case server(CloseCode)
    /// The transport failed.
    case failed
}
