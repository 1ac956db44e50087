// Firecrest — reads the keys that a configuration names: secrets, PEM, JWK sets.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import JWTKit

extension KeySet {
    /// All keys of `sources`.
    ///
    /// - Throws: `keyUnreadable`, `keyMalformed`, `keyTooWeak`, `keyAmbiguous`, `noKeys`; nothing is loaded in part.
    static func load(_ sources: [JWTKeySource]) async throws(JWTVerifierError) -> KeySet {
        var keys = KeySet()
        for source in sources {
            switch source.material {
            case .secret(let bytes): try await keys.addSecret(bytes, source, "the secret")
            case .secretFile(let path):
                var bytes = try KeyFile.read(path)
                if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
                if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
                try await keys.addSecret(bytes, source, path)
            case .pem(let text): try await keys.addPEM(text, source, "the PEM text")
            case .pemFile(let path):
                try await keys.addPEM(String(decoding: try KeyFile.read(path), as: UTF8.self), source, path)
            case .jwks(let text): try await keys.addSet(Array(text.utf8), source, "the JWK set")
            case .jwksFile(let path): try await keys.addSet(try KeyFile.read(path), source, path)
            }
        }
        guard !keys.isEmpty else { throw JWTVerifierError(.noKeys, "None of the configured keys can be used.") }
        return keys
    }

    private mutating func addSecret(
        _ bytes: [UInt8], _ source: JWTKeySource, _ place: String
    ) async throws(JWTVerifierError) {
        guard let algorithm = source.algorithms.first, algorithm.family == .secret else {
            throw JWTVerifierError(
                .keyMalformed, "\(place) is a secret, which \(source.algorithms.first?.rawValue ?? "?") has none of.")
        }
        try algorithm.checkSecret(bytes, place)
        try add(
            try await libraryKey(place) { try await LibraryKey(secret: bytes, algorithm) }, algorithm, id: source.id)
    }

    private mutating func addPEM(
        _ text: String, _ source: JWTKeySource, _ place: String
    ) async throws(JWTVerifierError) {
        guard let algorithm = source.algorithms.first, algorithm.family != .secret else {
            throw JWTVerifierError(.keyMalformed, "\(place) is a key in PEM, and HMAC wants a secret.")
        }
        guard !text.contains("PRIVATE KEY-----") else {
            throw JWTVerifierError(
                .keyMalformed, "\(place) is a private key; a verifier takes the public key, and should know no other.")
        }
        let isCertificate = text.contains("-----BEGIN CERTIFICATE-----")
        let key = try await libraryKey(place) {
            switch algorithm {
            case .es256:
                try await LibraryKey(
                    ellipticCurve: isCertificate ? ES256PublicKey(certificate: text) : ES256PublicKey(pem: text))
            case .es384:
                try await LibraryKey(
                    ellipticCurve: isCertificate ? ES384PublicKey(certificate: text) : ES384PublicKey(pem: text))
            case .es512:
                try await LibraryKey(
                    ellipticCurve: isCertificate ? ES512PublicKey(certificate: text) : ES512PublicKey(pem: text))
            case .eddsa: try await LibraryKey(edwardsCurve: EdDSA.PublicKey(pem: text))
            default:
                try await LibraryKey(
                    rsa: isCertificate
                        ? Insecure.RSA.PublicKey(certificatePEM: text) : Insecure.RSA.PublicKey(pem: text), algorithm)
            }
        }
        try add(key, algorithm, id: source.id)
    }

    private mutating func addSet(
        _ bytes: [UInt8], _ source: JWTKeySource, _ place: String
    ) async throws(JWTVerifierError) {
        let before = count
        for key in try JSONWebKey.read(bytes, for: source.algorithms, place) {
            let made = try await libraryKey("\(place), key \(key.label)") { try await LibraryKey(key) }
            try add(made, key.algorithm, id: key.id)
        }
        guard count > before else {
            let names = source.algorithms.map(\.rawValue).joined(separator: ", ")
            throw JWTVerifierError(.noKeys, "\(place) has no key for \(names).")
        }
    }

    /// jwt-kit's errors say what is wrong with a key in words of their own, and not whether it is too short; the key does not stand in them.
    private func libraryKey(
        _ place: String, _ make: () async throws -> LibraryKey
    ) async throws(JWTVerifierError) -> LibraryKey {
        do {
            return try await make()
        } catch let error as JWTVerifierError {
            throw error
        } catch {
            throw JWTVerifierError(
                .keyMalformed,
                "\(place) is no key of the kind that its algorithm needs (RSA: of 2,048 bits at least): "
                    + "\("\(error)".forLog()).")
        }
    }
}

extension LibraryKey {
    fileprivate init(_ key: JSONWebKey) async throws {
        switch key.algorithm {
        case .hs256, .hs384, .hs512: try await self.init(secret: key.secret, key.algorithm)
        case .es256: try await self.init(ellipticCurve: ES256PublicKey(parameters: (key.x, key.y)))
        case .es384: try await self.init(ellipticCurve: ES384PublicKey(parameters: (key.x, key.y)))
        case .es512: try await self.init(ellipticCurve: ES512PublicKey(parameters: (key.x, key.y)))
        case .eddsa: try await self.init(edwardsCurve: EdDSA.PublicKey(x: key.x, curve: .ed25519))
        default:
            try await self.init(
                rsa: Insecure.RSA.PublicKey(modulus: key.modulus, exponent: key.exponent), key.algorithm)
        }
    }
}
