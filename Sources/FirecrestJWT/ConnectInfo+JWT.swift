// Firecrest — a mount's verifier, where connect finds it.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest

extension ConnectInfoKey {
    fileprivate static let jwtName = "firecrest.jwt"

    /// Hands a verifier to `connect`, for ``Firecrest/ConnectInfo/authenticateJWT(_:)``.
    public static func jwt(_ verifier: JWTVerifier) -> ConnectInfoKey { .custom(jwtName, verifier) }
}

extension ConnectInfo {
    /// The verifier that the mount was given with `.jwt(_:)`. Tests of a `connect` set it.
    public var jwtVerifier: JWTVerifier? {
        get { self[ConnectInfoKey.jwtName] as? JWTVerifier }
        set { self[ConnectInfoKey.jwtName] = newValue }
    }

    /// Checks a token with the mount's verifier.
    ///
    /// - Parameter token: usually `authToken`. A token in the URL's parameters ends up in logs of proxies; take one from
    ///   there only for clients that can do no better.
    /// - Throws: `ConnectError` as ``JWTVerifier/authenticate(_:)``, or `JWTVerifierError.notConfigured`, which is logged
    ///   and answers 500.
    public func authenticateJWT(_ token: String?) throws -> VerifiedJWT {
        guard let verifier = jwtVerifier else {
            throw JWTVerifierError(.notConfigured, "The mount has no verifier; add .jwt(verifier) to its connectInfo.")
        }
        return try verifier.authenticate(token)
    }
}
