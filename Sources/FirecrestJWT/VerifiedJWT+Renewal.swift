// Firecrest — a fresh token in place of one that a client came with.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest

extension VerifiedJWT {
    /// Checks a fresh token as this one was checked, for `Socket.refresh`:
    ///
    /// ```swift
    /// static func refresh(_ token: String, _ assigns: Assigns) async throws -> Assigns {
    ///     var assigns = assigns
    ///     assigns[.token] = try assigns[.token]?.renewed(with: token)
    ///     return assigns
    /// }
    /// ```
    ///
    /// - Throws: `ConnectError.refused(reason:)` with a ``JWTRefusal``, also when the token has another `sub` or `iss`.
    public func renewed(with token: String) throws(ConnectError) -> VerifiedJWT {
        let fresh = try verifier.authenticate(token)
        // Nil only when both have none.
        let isSame =
            fresh.subject.map { Array($0.utf8) } == subject.map { Array($0.utf8) }
            && fresh.issuer.map { Array($0.utf8) } == issuer.map { Array($0.utf8) }
        guard isSame else {
            throw .refused(
                reason: JWTRefusal(JWTVerifierError(.otherSubject, "The fresh token is about somebody else.")))
        }
        return fresh
    }
}
