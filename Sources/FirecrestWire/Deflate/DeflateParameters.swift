// Firecrest — the four parameters of permessage-deflate.
// SPDX-License-Identifier: Apache-2.0

/// An offer or answer of permessage-deflate, taken apart (RFC 7692 §7.1).
package struct DeflateParameters {
    package private(set) var serverNoContextTakeover = false
    package private(set) var clientNoContextTakeover = false
    package private(set) var serverMaxWindowBits: Int?
    package private(set) var hasClientMaxWindowBits = false
    /// `nil` when absent or given without a value.
    package private(set) var clientMaxWindowBits: Int?

    /// `nil` for another extension, and for parameters that are unknown, given twice or out of range.
    package init?(_ offer: ExtensionOffer) {
        guard offer.name == DeflateNegotiation.extensionName else { return nil }
        for parameter in offer.parameters {
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil) where !serverNoContextTakeover:
                serverNoContextTakeover = true
            case ("client_no_context_takeover", nil) where !clientNoContextTakeover:
                clientNoContextTakeover = true
            case ("server_max_window_bits", let value?) where serverMaxWindowBits == nil:
                guard let bits = Self.windowBits(value) else { return nil }
                serverMaxWindowBits = bits
            case ("client_max_window_bits", let value) where !hasClientMaxWindowBits:
                hasClientMaxWindowBits = true
                guard let value else { continue }
                guard let bits = Self.windowBits(value) else { return nil }
                clientMaxWindowBits = bits
            default:
                return nil
            }
        }
    }

    /// 8 ... 15 without leading zeros or sign (RFC 7692 §7.1.2).
    private static func windowBits(_ text: String) -> Int? {
        (8...15).first { String($0) == text }
    }
}
