// Firecrest — how keys are derived of a secret.
// SPDX-License-Identifier: Apache-2.0

/// How the keys of tokens and session cookies are derived of a secret and a salt: PBKDF2 (RFC 8018 §5.2). Both sides must
/// have the same. The signature itself is HMAC-SHA256 whatever is said here.
public struct TokenKeyOptions: Sendable, Hashable {
    /// The hash of the derivation.
    public enum Digest: String, Sendable, Hashable, CaseIterable {
        case sha256, sha384, sha512
    }

    /// Defaults to 1,000, as Phoenix: the secret is random already, so that more would protect nothing. Between 1 and
    /// 10,000,000.
    public var iterations = 1_000
    /// In bytes. Defaults to 32, which encryption must have. Between 16 and 1,024.
    public var length = 32
    /// Defaults to `sha256`, as Phoenix.
    public var digest = Digest.sha256

    public init() {}

    var isUsable: Bool { (1...10_000_000).contains(iterations) && (16...1_024).contains(length) }
}
