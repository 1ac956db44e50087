// Firecrest — tokens that tell a request of one's own page from a foreign one's.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire

/// Plug.CSRFProtection's: the session has a random text of 24 bytes, and each page another face of it, masked so that
/// compressed pages tell nothing: 32 bytes of base64url of (text XOR mask), then the 24 bytes of the mask
/// (phoenix-channels.md §1.7).
enum CSRFToken {
    private static let bytes = 24

    /// The text for a session: 18 random bytes in base64url.
    static func make() -> String {
        var random = SystemRandomNumberGenerator()
        return Base64URL.encode((0..<18).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    /// A face of it, another each time; nil when the session's text is none.
    static func masked(_ token: [UInt8]) -> String? {
        guard token.count == bytes else { return nil }
        let mask = make()
        return Base64URL.encode(zip(token, mask.utf8).map { $0 ^ $1 }) + mask
    }

    /// Whether `text`, as a client sent it, is a face of the session's token. In a time that does not depend on where it is
    /// not.
    static func isValid(_ text: String?, for token: [UInt8]?) -> Bool {
        guard let text, let token, token.count == bytes, text.utf8.count == 32 + bytes,
            let masked = Base64URL.decode(text.utf8.prefix(32)), masked.count == bytes
        else { return false }
        var difference: UInt8 = 0
        for (index, mask) in text.utf8.suffix(bytes).enumerated() {
            difference |= masked[index] ^ mask ^ token[index]
        }
        return difference == 0
    }
}
