// Firecrest — bytes with a signature, as text: Plug.Crypto.MessageVerifier's form.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FoundationEssentials

/// `SFMyNTY.<payload>.<mac>`: both parts base64url without padding, the mac an HMAC over all before its dot
/// (phoenix-channels.md §8.1).
enum SignedMessage {
    private static let head = "SFMyNTY"
    private static let dot = UInt8(ascii: ".")

    /// Always with SHA-256.
    static func sign(_ payload: [UInt8], _ key: SymmetricKey) -> String {
        let signed = head + "." + Base64URL.encode(payload)
        let mac = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: key)
        return signed + "." + Base64URL.encode(Array(mac))
    }

    /// The payload of a text that was signed with this key, or nil. Nothing of the payload is looked at before the mac has
    /// been found right, in a time that does not depend on where it is wrong.
    static func verify(_ text: String, _ key: SymmetricKey) -> [UInt8]? {
        let parts = text.utf8.split(separator: dot, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let mac = Base64URL.decode(parts[2]) else { return nil }
        let signed = Data(text.utf8[..<parts[1].endIndex])
        let isValid: Bool =
            switch String(parts[0]) {
            case head: HMAC<SHA256>.isValidAuthenticationCode(mac, authenticating: signed, using: key)
            case "SFMzODQ": HMAC<SHA384>.isValidAuthenticationCode(mac, authenticating: signed, using: key)
            case "SFM1MTI": HMAC<SHA512>.isValidAuthenticationCode(mac, authenticating: signed, using: key)
            default: false
            }
        return isValid ? Base64URL.decode(parts[1]) : nil
    }
}
