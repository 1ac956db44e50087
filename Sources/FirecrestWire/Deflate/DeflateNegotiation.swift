// Firecrest — agreeing on permessage-deflate.
// SPDX-License-Identifier: Apache-2.0

/// Both halves of the negotiation (RFC 7692 §5 and §7.1).
package enum DeflateNegotiation {
    package static let extensionName = "permessage-deflate"

    /// What our client sends as `Sec-WebSocket-Extensions`.
    ///
    /// `client_max_window_bits` is left out, so that a server cannot ask us for a window of 8, which zlib lacks.
    package static let offer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    /// The server's answer to a client's `Sec-WebSocket-Extensions` lines: the first offer that we can keep.
    ///
    /// An offer with a parameter that is unknown, given twice or out of range is declined (RFC 7692 §7), the next may
    /// do. `nil` means no compression, and no header in the response.
    package static func agree(offers headerValues: [String], options: DeflateOptions) -> DeflateAgreement? {
        for offer in ExtensionParser.parse(headerValues) {
            guard let parameters = DeflateParameters(offer) else { continue }
            // zlib's raw deflate has no window of 256 bytes, and a larger one would break the client.
            guard parameters.serverMaxWindowBits != 8 else { continue }
            return DeflateAgreement(
                serverMaxWindowBits: min(parameters.serverMaxWindowBits ?? 15, options.serverMaxWindowBits),
                clientMaxWindowBits: parameters.clientMaxWindowBits ?? 15
            )
        }
        return nil
    }

    /// The client's check of the server's answer to ``offer``; `nil` when the server wants no compression.
    ///
    /// - Throws: when the answer holds anything that we did not offer; the client must then fail the connection
    ///   (RFC 7692 §7.1).
    package static func confirm(
        _ headerValues: [String]
    ) throws(WebSocketHandshakeError) -> DeflateAgreement? {
        if headerValues.isEmpty { return nil }
        let answers = ExtensionParser.parse(headerValues)
        guard answers.count == 1, let answer = answers.first, let parameters = DeflateParameters(answer),
            parameters.serverNoContextTakeover,  // RFC 7692 §7.1.1.1: must be confirmed
            !parameters.hasClientMaxWindowBits  // RFC 7692 §7.1.2.2: not offered, so not allowed
        else {
            throw WebSocketHandshakeError(
                kind: .extensions, reason: "The server accepted an extension that was not offered.")
        }
        return DeflateAgreement(
            serverMaxWindowBits: parameters.serverMaxWindowBits ?? 15, clientMaxWindowBits: 15)
    }
}
