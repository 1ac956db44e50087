// Firecrest — what a session hears of a client that does not read.
// SPDX-License-Identifier: Apache-2.0

/// Isolation: called on the connection's loop only.
package protocol OutboundSession: AnyObject {
    /// With whom it is sent away, a few at a time, when the endpoint stops; nil: at the end, with all that is left.
    var drainGroup: ObjectIdentifier? { get }

    /// More waited than may; the connection is about to be closed.
    func outboundOverflowed(maxBytes: Int)

    /// The client was behind, and all that waited in user space has left.
    func outboundDrained()
}

extension OutboundSession {
    package var drainGroup: ObjectIdentifier? { nil }
    package func outboundOverflowed(maxBytes: Int) {}
    package func outboundDrained() {}
}
