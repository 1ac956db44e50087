// Firecrest — what makes a token good, in the order in which it is asked.
// SPDX-License-Identifier: Apache-2.0

package import Firecrest
internal import FirecrestProtocol
internal import FoundationEssentials

/// What is left of a token that passed.
package struct CheckedToken: Sendable {
    package let claims: Claims
    package let algorithm: JWSAlgorithm
    package let grant: SocketGrant
}

/// The checks of a token: size, form, algorithm, key, signature, and only then its claims.
package struct TokenRules: Sendable {
    private let options: JWTVerifierOptions
    private let skew: Double

    /// - Parameter options: checked before.
    package init(_ options: JWTVerifierOptions) {
        self.options = options
        skew = options.clockSkew / .seconds(1)
    }

    /// - Parameter now: seconds since 1970.
    package func verify(_ text: String, keys: KeySet, now: Double) throws(JWTVerifierError) -> CheckedToken {
        let token = try CompactToken(text, maxBytes: options.maxTokenBytes)
        guard keys.hasKeys(for: token.algorithm) else {
            throw JWTVerifierError(.algorithmNotAllowed, "No key is for \(token.algorithm.rawValue).")
        }
        guard let key = keys.key(token.algorithm, id: token.keyID) else {
            throw JWTVerifierError(
                .unknownKey, "No key for \(token.algorithm.rawValue) is the one that the token's kid names.")
        }
        guard key.isValid(token.signature, for: token.signed) else {
            throw JWTVerifierError(.badSignature, "The key for \(token.algorithm.rawValue) did not sign this token.")
        }
        try checkType(token.type)
        let claims = try Claims(try token.claims())
        try checkTimes(claims, now)
        try check(claims.issuer.map { [$0] }, options.issuer, "iss", .wrongIssuer)
        try check(claims.audiences, options.audience, "aud", .wrongAudience)
        for name in options.requiredClaims where claims.json[name].map(\.isNull) ?? true {
            throw JWTVerifierError(.claimMissing, "The token has no \(name.forLog(64)).")
        }
        return CheckedToken(claims: claims, algorithm: token.algorithm, grant: try grant(claims))
    }

    private func checkType(_ type: String?) throws(JWTVerifierError) {
        guard let expected = options.tokenType else { return }
        func plain(_ type: String) -> Substring {
            let type = type.lowercased()
            return type.hasPrefix("application/") ? type.dropFirst("application/".count) : type[...]
        }
        guard let type, plain(type).utf8.elementsEqual(plain(expected).utf8) else {
            throw JWTVerifierError(.wrongType, "The token's typ is not \(expected).")
        }
    }

    /// RFC 7519 §4.1.4 - §4.1.6. `exp` itself is too late, `nbf` itself is not too early.
    private func checkTimes(_ claims: Claims, _ now: Double) throws(JWTVerifierError) {
        if let expiry = claims.expiry {
            guard now < expiry + skew else {
                throw JWTVerifierError(.expired, "The token expired \(seconds(now - expiry)) ago.")
            }
        } else if options.requiresExpiry {
            throw JWTVerifierError(.claimMissing, "The token has no exp; requiresExpiry wants one.")
        }
        if let notBefore = claims.notBefore, now + skew < notBefore {
            throw JWTVerifierError(.notYetValid, "The token becomes valid in \(seconds(notBefore - now)).")
        }
        if let issuedAt = claims.issuedAt, now + skew < issuedAt {
            throw JWTVerifierError(.issuedInFuture, "The token is from \(seconds(issuedAt - now)) ahead of our clock.")
        }
    }

    private func grant(_ claims: Claims) throws(JWTVerifierError) -> SocketGrant {
        var grant = SocketGrant(expiresAt: claims.expiry.map { Date(timeIntervalSince1970: $0 + skew) })
        guard let name = options.topicsClaim else { return grant }
        if let claim = claims.json[name] {
            grant.topics = try TopicClaims.grants(claim, maxGrants: options.maxGrants, skew: skew)
        } else if options.requiresTopics {
            throw JWTVerifierError(.claimMissing, "The token has no \(name.forLog(64)); requiresTopics wants it.")
        }
        return grant
    }

    private func check(
        _ found: [String]?, _ expected: JWTExpectedClaim, _ name: String, _ code: JWTVerifierError.Code
    ) throws(JWTVerifierError) {
        guard expected.isChecked else { return }
        guard let found else {
            if expected.mayBeAbsent { return }
            throw JWTVerifierError(code, "The token has no \(name).")
        }
        guard found.contains(where: expected.contains) else {
            throw JWTVerifierError(code, "The token's \(name) is \"\(found.joined(separator: ", ").forLog(64))\".")
        }
    }

    private func seconds(_ number: Double) -> String { "\(Int64(number.rounded())) s" }
}
