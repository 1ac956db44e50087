// Firecrest — the other end of a connection, or the client behind it.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Who a request comes from: the connection's other end or, where that is a trusted proxy, who it says is behind it.
package struct Peer: Sendable {
    /// nil where there is none to be known.
    package var address: SocketAddress?
    /// Whether the client's requests are `https`.
    package var isSecure: Bool
    /// The client's certificate, DER. nil without TLS, without one, and behind a proxy.
    package var certificate: [UInt8]?
    /// Whether a proxy said so.
    package var isBehindProxy = false

    package init(address: SocketAddress?, isSecure: Bool = false, certificate: [UInt8]? = nil) {
        self.address = address
        self.isSecure = isSecure
        self.certificate = certificate
    }
}
