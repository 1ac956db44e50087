// Firecrest — the seam between a response without end and what it carries.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What a streamed response carries: server-sent events.
///
/// Isolation: called on the connection's loop only.
package protocol StreamSession: OutboundSession {
    /// The head is queued; from here on bytes may be sent.
    func opened(_ connection: StreamConnection)

    /// The endpoint stops. Says goodbye and closes.
    func shutDown()

    /// The connection is gone; nothing can be sent any more. Called exactly once after `opened`.
    func closed(_ end: ConnectionEnd)
}

/// What a mount wants of its streams; shared by all of them.
package final class StreamParameters: Sendable {
    package let outbound: OutboundLimits
    /// After so long without a byte sent, `heartbeat` is. nil: never.
    package let heartbeatInterval: TimeAmount?
    /// Bytes that mean nothing to the client: they keep proxies from cutting the line and find clients that are gone.
    package let heartbeat: ByteBuffer
    /// How long what is queued may take to leave at the end.
    package let closeTimeout: TimeAmount

    package init(
        outbound: OutboundLimits = OutboundLimits(), heartbeatInterval: TimeAmount?, heartbeat: ByteBuffer,
        closeTimeout: TimeAmount = .seconds(5)
    ) {
        self.outbound = outbound
        self.heartbeatInterval = heartbeatInterval
        self.heartbeat = heartbeat
        self.closeTimeout = closeTimeout
    }
}
