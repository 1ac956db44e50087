// Firecrest — where a verifier's keys come from, and what each is for.
// SPDX-License-Identifier: Apache-2.0

/// A key, or a file of keys. Each key is bound to one algorithm here, by configuration.
///
/// A token's `kid` selects among these keys by exact match and does nothing else; it is no path and no URL. `jku`, `x5u`,
/// `x5c` and `jwk` of a header are not read: there is nothing in this module that fetches. A key without an id takes
/// tokens with any `kid` or none; of one algorithm there can be one such key.
public struct JWTKeySource: Sendable {
    enum Material: Sendable {
        case secret([UInt8])
        case secretFile(String)
        case pem(String)
        case pemFile(String)
        case jwks(String)
        case jwksFile(String)
    }

    let material: Material
    let algorithms: [JWSAlgorithm]
    let id: String?

    /// The largest file of keys that is read, in bytes.
    package static let maxFileBytes = 1_048_576

    /// A secret, as its UTF-8 bytes. RFC 7518 §3.2 wants as many bytes as the hash has, and so do we: 32, 48 or 64.
    public static func secret(_ secret: String, algorithm: JWSAlgorithm = .hs256, id: String? = nil) -> JWTKeySource {
        JWTKeySource(material: .secret(Array(secret.utf8)), algorithms: [algorithm], id: id)
    }

    /// A secret from a file. One line end at its end is not part of it.
    public static func secretFile(
        _ path: String, algorithm: JWSAlgorithm = .hs256, id: String? = nil
    ) -> JWTKeySource {
        JWTKeySource(material: .secretFile(path), algorithms: [algorithm], id: id)
    }

    /// A public key or a certificate in PEM (RFC 7468). Of a certificate only the key counts. A private key is refused:
    /// a verifier has no use for it, and whoever reads it here could sign.
    public static func pem(_ text: String, algorithm: JWSAlgorithm, id: String? = nil) -> JWTKeySource {
        JWTKeySource(material: .pem(text), algorithms: [algorithm], id: id)
    }

    /// The same from a file.
    public static func pemFile(_ path: String, algorithm: JWSAlgorithm, id: String? = nil) -> JWTKeySource {
        JWTKeySource(material: .pemFile(path), algorithms: [algorithm], id: id)
    }

    /// A JWK set (RFC 7517 §5). Its keys for signatures, of `algorithms`, are taken, and others left out. A key that
    /// names no `alg` is bound to the one of `algorithms` that fits it.
    public static func jwks(_ json: String, algorithms: [JWSAlgorithm]) -> JWTKeySource {
        JWTKeySource(material: .jwks(json), algorithms: algorithms, id: nil)
    }

    /// The same from a file, for ``JWTVerifier/reload()`` to read again.
    public static func jwksFile(_ path: String, algorithms: [JWSAlgorithm]) -> JWTKeySource {
        JWTKeySource(material: .jwksFile(path), algorithms: algorithms, id: nil)
    }
}
