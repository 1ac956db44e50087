// Firecrest — sessions in cookies, in the format of Plug's cookie store.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FirecrestWire
internal import FoundationEssentials
internal import NIOCore

/// Reads and writes the cookie of one session: a signed, or an encrypted, message over the map of the session's values
/// (phoenix-channels.md §1.7). Unlike a token it has no time in it.
package struct SessionCookies: Sendable {
    let options: SessionOptions
    private let signing: SymmetricKey
    private let encryption: SymmetricKey?

    /// nil for options that have a `problem`.
    package init?(_ options: SessionOptions) {
        guard options.problem == nil, let secret = options.secretKeyBase,
            let signing = DerivedKeys.shared.key(secret, salt: options.signingSalt, options.keys)
        else { return nil }
        self.options = options
        self.signing = signing
        encryption = options.encryptionSalt.flatMap { DerivedKeys.shared.key(secret, salt: $0, options.keys) }
        if options.encryptionSalt != nil, encryption == nil { return nil }
    }

    /// The session of a cookie's value; nil when we, or who has the same secret, did not write it.
    package func read(_ value: String) -> Session? {
        guard value.utf8.count <= SessionOptions.maxCookieBytes,
            let content = encryption.map({ EncryptedMessage.decrypt(value, $0) })
                ?? SignedMessage.verify(value, signing),
            let term = try? ETFTerm(decoding: content, limits: Self.limits)
        else { return nil }
        return Session(term)
    }

    private static let limits = ETFLimits(
        maxDepth: SessionOptions.maxDepth, maxBytes: SessionOptions.maxCookieBytes,
        maxItems: SessionOptions.maxCookieBytes, atoms: .text, keys: .any)

    /// Atoms as they may have come: one of 255 bytes in Latin-1 has more in UTF-8, and would not be read again.
    private static let style = ETFStyle(atoms: .latin1, sparesJavaScript: false)

    /// The cookie's value; nil when it would be too large for browsers to keep.
    package func write(_ session: Session) -> String? {
        guard let content = try? session.term.encoded(Self.style) else { return nil }
        let bytes = Array(content.readableBytesView)
        let value = encryption.map { EncryptedMessage.encrypt(bytes, $0) } ?? SignedMessage.sign(bytes, signing)
        return value.flatMap { $0.utf8.count <= SessionOptions.maxCookieBytes ? $0 : nil }
    }

    // MARK: connections

    /// The session of a client that connects: nil without a cookie, with one that does not verify, and where `checksCSRF`
    /// without the CSRF token that belongs to the session.
    func read(cookies: [String], csrfToken: String?, checksCSRF: Bool) -> Session? {
        guard let value = CookieHeader.value(of: options.key, in: cookies), let session = read(value) else {
            return nil
        }
        guard !checksCSRF || CSRFToken.isValid(csrfToken, for: session.bytes(options.csrfTokenKey)) else { return nil }
        return session
    }
}
