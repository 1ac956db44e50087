// Firecrest — one key of jwt-kit's, with the algorithm that it is bound to.
// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import JWTKit

/// Checks signatures with jwt-kit, which does so with swift-crypto. Only its keys and algorithms are used: its parser
/// reads a payload with Foundation before this module could limit it, and its collection lets a token choose.
struct LibraryKey: SignatureCheck {
    private let algorithm: any JWTAlgorithm

    func isValid(_ signature: [UInt8], for signed: [UInt8]) -> Bool {
        // It throws for a signature of a length that the algorithm never has.
        (try? algorithm.verify(signature, signs: signed)) == true
    }

    /// The collection is the only public way to an algorithm of jwt-kit's; it is dropped at once.
    private init(_ collection: JWTKeyCollection) async throws {
        algorithm = try await collection.getKey()
    }

    init(secret: [UInt8], _ algorithm: JWSAlgorithm) async throws {
        try await self.init(JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: algorithm.digest))
    }

    init(rsa key: Insecure.RSA.PublicKey, _ algorithm: JWSAlgorithm) async throws {
        switch algorithm {
        case .ps256, .ps384, .ps512:
            try await self.init(JWTKeyCollection().add(pss: key, digestAlgorithm: algorithm.digest))
        default: try await self.init(JWTKeyCollection().add(rsa: key, digestAlgorithm: algorithm.digest))
        }
    }

    init(ellipticCurve key: some ECDSAKey) async throws {
        try await self.init(JWTKeyCollection().add(ecdsa: key))
    }

    init(edwardsCurve key: EdDSA.PublicKey) async throws {
        try await self.init(JWTKeyCollection().add(eddsa: key))
    }
}

extension JWSAlgorithm {
    fileprivate var digest: DigestAlgorithm {
        switch self {
        case .hs384, .rs384, .ps384, .es384: .sha384
        case .hs512, .rs512, .ps512, .es512: .sha512
        default: .sha256
        }
    }
}
