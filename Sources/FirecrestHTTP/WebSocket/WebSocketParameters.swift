// Firecrest — what a mount wants of the connections that it accepts.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore

/// What a mount wants of the connections that it accepts. A reference, since each of its connections holds it: a copy in
/// each would be 150 bytes.
package final class WebSocketParameters: Sendable {
    package let frameLimits: FrameLimits
    package let agreement: DeflateAgreement?
    package let deflate: DeflateOptions
    /// Longest time without a byte from the client. nil: no limit.
    package let idleTimeout: TimeAmount?
    package let outbound: OutboundLimits
    /// A client that has been silent for so long gets a ping. nil: no pings.
    package let pingInterval: TimeAmount?
    /// A client of which nothing at all is received for so long after a ping is closed with 1001. nil: never.
    package let pongTimeout: TimeAmount?
    /// How long the other side may take to answer a close frame, and how long what is queued may take to leave.
    package let closeTimeout: TimeAmount
    /// How long a session may keep the connection from being read before it is closed with 1013.
    package let stallTimeout: TimeAmount

    package init(
        frameLimits: FrameLimits, agreement: DeflateAgreement? = nil, deflate: DeflateOptions = DeflateOptions(),
        idleTimeout: TimeAmount? = .seconds(60), outbound: OutboundLimits = OutboundLimits(),
        pingInterval: TimeAmount? = .seconds(25), pongTimeout: TimeAmount? = .seconds(20),
        closeTimeout: TimeAmount = .seconds(5), stallTimeout: TimeAmount = .seconds(20)
    ) {
        self.frameLimits = frameLimits
        self.agreement = agreement
        self.deflate = deflate
        self.idleTimeout = idleTimeout
        self.outbound = outbound
        self.pingInterval = pingInterval
        self.pongTimeout = pongTimeout
        self.closeTimeout = closeTimeout
        self.stallTimeout = stallTimeout
    }

    /// The same for a connection whose messages are compressed.
    package func agreeing(to agreement: DeflateAgreement) -> WebSocketParameters {
        WebSocketParameters(
            frameLimits: frameLimits, agreement: agreement, deflate: deflate, idleTimeout: idleTimeout,
            outbound: outbound, pingInterval: pingInterval, pongTimeout: pongTimeout, closeTimeout: closeTimeout,
            stallTimeout: stallTimeout)
    }
}
