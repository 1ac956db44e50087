// Firecrest — the signature algorithms that a key can be bound to.
// SPDX-License-Identifier: Apache-2.0

/// How a token is signed (RFC 7518 §3.1, RFC 8037 §3.1). There is no `none`: a token without a signature is not taken.
///
/// The algorithm belongs to the key, by configuration. A token's header can only agree.
public enum JWSAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// HMAC with a secret that both sides have, of at least as many bytes as the hash (RFC 7518 §3.2): 32, 48 and 64.
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    /// RSA, PKCS#1 v1.5, with a key of at least 2,048 bits.
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    /// RSA, PSS.
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    /// ECDSA over P-256.
    case es256 = "ES256"
    /// ECDSA over P-384.
    case es384 = "ES384"
    /// ECDSA over P-521.
    case es512 = "ES512"
    /// Ed25519. Headers may call it `Ed25519`, too (RFC 9864).
    case eddsa = "EdDSA"

    /// What kind of key it takes, as `kty` of a JWK names it.
    package enum Family: String, Sendable {
        case secret = "oct"
        case rsa = "RSA"
        case ellipticCurve = "EC"
        case edwardsCurve = "OKP"
    }

    package var family: Family {
        switch self {
        case .hs256, .hs384, .hs512: .secret
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa
        case .es256, .es384, .es512: .ellipticCurve
        case .eddsa: .edwardsCurve
        }
    }

    /// The curve, as `crv` of a JWK names it; nil for an algorithm that has none.
    package var curve: String? {
        switch self {
        case .es256: "P-256"
        case .es384: "P-384"
        case .es512: "P-521"
        case .eddsa: "Ed25519"
        default: nil
        }
    }

    /// The fewest bytes of a secret; 0 for an algorithm that takes none.
    package var minSecretBytes: Int {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512: 64
        default: 0
        }
    }

    /// The algorithm that a header or a JWK names, byte for byte; nil for any other name, `none` among them.
    package init?(name: String) {
        guard
            let found = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name.utf8) })
                ?? (name.utf8.elementsEqual("Ed25519".utf8) ? .eddsa : nil)
        else { return nil }
        self = found
    }
}
