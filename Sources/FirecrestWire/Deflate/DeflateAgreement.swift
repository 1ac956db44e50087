// Firecrest — what both ends agreed about compression.
// SPDX-License-Identifier: Apache-2.0

/// The parameters of permessage-deflate for one connection (RFC 7692 §7.1).
package struct DeflateAgreement: Sendable, Equatable {
    /// The window that the server compresses with, as a power of two, 9 ... 15 (for a client that confirms: 8 ... 15).
    package let serverMaxWindowBits: Int
    /// The window that the client compresses with, 8 ... 15.
    package let clientMaxWindowBits: Int

    package init(serverMaxWindowBits: Int, clientMaxWindowBits: Int) {
        self.serverMaxWindowBits = serverMaxWindowBits
        self.clientMaxWindowBits = clientMaxWindowBits
    }

    /// Always: our contexts are shared between connections. A server may say so unasked (RFC 7692 §7.1.1.1).
    package var serverNoContextTakeover: Bool { true }
    /// Always, for the same reason (RFC 7692 §7.1.1.2).
    package var clientNoContextTakeover: Bool { true }

    /// The server's `Sec-WebSocket-Extensions`. A window is named only when it is smaller than the default of 15.
    package var headerValue: String {
        var value = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        if serverMaxWindowBits < 15 { value += "; server_max_window_bits=\(serverMaxWindowBits)" }
        // Below 15 only if the client named it, and only then may we (RFC 7692 §7.1.2.2).
        if clientMaxWindowBits < 15 { value += "; client_max_window_bits=\(clientMaxWindowBits)" }
        return value
    }
}
