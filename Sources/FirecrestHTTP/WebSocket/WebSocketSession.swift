// Firecrest — the seam between a WebSocket connection and what it carries.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore

/// What a WebSocket carries: a Phoenix socket, or a plain echo.
///
/// Isolation: called on the connection's loop only.
package protocol WebSocketSession: AnyObject {
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

/// What a mount wants of the connections that it accepts.
package struct WebSocketParameters: Sendable {
    package var frameLimits: FrameLimits
    package var agreement: DeflateAgreement?
    package var deflate: DeflateOptions
    /// Longest time without a byte from the client. nil: no limit.
    package var idleTimeout: TimeAmount?
    package var outbound: OutboundLimits
    /// How long the other side may take to answer a close frame, and how long what is queued may take to leave.
    package var closeTimeout: TimeAmount = .seconds(5)
    /// How long a session may keep the connection from being read before it is closed with 1013.
    package var stallTimeout: TimeAmount = .seconds(20)
    // Every connection carries a copy: 32 bits of milliseconds each, 0 for none.
    private var pingMilliseconds: UInt32 = 0
    private var pongMilliseconds: UInt32 = 0

    /// A client that has been silent for so long gets a ping. nil: no pings.
    package var pingInterval: TimeAmount? {
        get { Self.time(pingMilliseconds) }
        set { pingMilliseconds = Self.milliseconds(newValue) }
    }

    /// A client of which nothing at all is received for so long after a ping is closed with 1001. nil: never.
    package var pongTimeout: TimeAmount? {
        get { Self.time(pongMilliseconds) }
        set { pongMilliseconds = Self.milliseconds(newValue) }
    }

    package init(
        frameLimits: FrameLimits, agreement: DeflateAgreement? = nil, deflate: DeflateOptions = DeflateOptions(),
        idleTimeout: TimeAmount? = .seconds(60), outbound: OutboundLimits = OutboundLimits(),
        pingInterval: TimeAmount? = .seconds(25), pongTimeout: TimeAmount? = .seconds(20)
    ) {
        self.frameLimits = frameLimits
        self.agreement = agreement
        self.deflate = deflate
        self.idleTimeout = idleTimeout
        self.outbound = outbound
        self.pingInterval = pingInterval
        self.pongTimeout = pongTimeout
    }

    private static func time(_ milliseconds: UInt32) -> TimeAmount? {
        milliseconds == 0 ? nil : .milliseconds(Int64(milliseconds))
    }

    private static func milliseconds(_ time: TimeAmount?) -> UInt32 {
        time.map { UInt32(clamping: max(1, $0.milliseconds)) } ?? 0
    }
}
