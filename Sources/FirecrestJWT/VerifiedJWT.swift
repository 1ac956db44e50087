// Firecrest — a token that was found good.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest
public import FoundationEssentials
internal import NIOCore

/// The claims of a token whose signature, times, issuer and audience were right. There is no other way to claims.
///
/// A reference to the claims, so that to keep it among a connection's assigns costs what they do. A server of many idle
/// connections keeps what it needs of them instead.
public struct VerifiedJWT: Sendable {
    private final class Content: Sendable {
        let token: CheckedToken
        let verifier: JWTVerifier

        init(_ token: CheckedToken, _ verifier: JWTVerifier) {
            (self.token, self.verifier) = (token, verifier)
        }
    }

    private let content: Content

    init(_ token: CheckedToken, by verifier: JWTVerifier) {
        content = Content(token, verifier)
    }

    /// Who found it good.
    public var verifier: JWTVerifier { content.verifier }

    /// Which algorithm the key was for.
    public var algorithm: JWSAlgorithm { content.token.algorithm }

    private var registered: Claims { content.token.claims }

    /// What the token allows on a connection, and until when: what `Socket.grant` returns.
    ///
    /// It ends `clockSkew` after `exp`. Topics come from the claim that `JWTVerifierOptions.topicsClaim` names; without the
    /// claim all are allowed, and channels decide. The claim is an object of topics, or patterns as routes have them, with
    /// the events that the client may send there,
    ///
    /// ```json
    /// {"topics": {"room:*": true, "news": [], "desk:7": ["note", "typing"], "quiz:1": {"events": ["answer"], "exp": 1900000000}}}
    /// ```
    ///
    /// `true` or `"*"`: all events; `[]`: it may join and listen; `exp`: the part that ends sooner. Or an array of topics and
    /// patterns, with all events in each: `{"topics": ["room:*", "news"]}`. Anything else is no claim of topics, and the
    /// token is refused.
    ///
    /// An issuer that puts names of users into it must not let them contain `*`.
    public var grant: SocketGrant { content.token.grant }

    /// `sub`: who the token is about.
    public var subject: String? { registered.subject }

    /// `iss`: who made it.
    public var issuer: String? { registered.issuer }

    /// `aud`: for whom; empty when there is none.
    public var audiences: [String] { registered.audiences ?? [] }

    /// `jti`: a name for this one token.
    public var id: String? { registered.id }

    /// `exp`: nil for a token that does not end.
    public var expiresAt: Date? { registered.expiry.map { Date(timeIntervalSince1970: $0) } }

    /// `iat`.
    public var issuedAt: Date? { registered.issuedAt.map { Date(timeIntervalSince1970: $0) } }

    /// Any claim; nil when there is none of this name.
    public subscript(claim: String) -> JSON? { registered.json[claim] }

    /// All claims, an object.
    public var claims: JSON { registered.json }

    /// The claims as a type of yours, or some of them. A `Date` is read as seconds since 1970.
    ///
    /// - Throws: `JWTVerifierError.claimMalformed` when they have another shape.
    public func decode<Claims: Decodable>(_ type: Claims.Type = Claims.self) throws(JWTVerifierError) -> Claims {
        do {
            // Written out again, so that of two claims of one name both readers see the same.
            let bytes = try Payload(registered.json).bytes
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .secondsSince1970
            return try decoder.decode(type, from: Data(bytes.readableBytesView))
        } catch {
            throw JWTVerifierError(.claimMalformed, "The token's claims are no \(type): \("\(error)".forLog()).")
        }
    }
}
