// Firecrest — what the connections of one listener begin with.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A listening socket's part of what its connections need to know.
package struct ListenerEntry: Sendable {
    /// nil: plain text.
    let tls: TLSContext?
    /// A PROXY protocol header comes first.
    let hasProxyHeader: Bool
    /// How long a connection may take to the end of its TLS handshake.
    let handshakeTimeout: TimeAmount

    init(tls: TLSContext?, hasProxyHeader: Bool) {
        self.tls = tls
        self.hasProxyHeader = hasProxyHeader
        handshakeTimeout = TimeAmount(tls?.options.handshakeTimeout ?? .zero)
    }
}
