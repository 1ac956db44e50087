// Firecrest — what a verifier of tokens expects of them.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest

/// Which tokens a ``JWTVerifier`` takes.
///
/// ```swift
/// let options = JWTVerifierOptions(
///     keys: [.jwksFile("/etc/chat/jwks.json", algorithms: [.es256])],
///     issuer: .required("https://login.example.com"), audience: .required("chat"))
/// ```
public struct JWTVerifierOptions: Sendable {
    /// The keys, each bound to its algorithm. Keys of one verifier trust each other: whoever signs with one of them can
    /// be anybody. Tenants that must not be each other need a verifier each.
    public var keys: [JWTKeySource]

    /// What `iss` has to be.
    public var issuer: JWTExpectedClaim

    /// What `aud` has to be.
    public var audience: JWTExpectedClaim

    /// Whether a token without `exp` is refused. Defaults to true: a token that never ends cannot be taken back.
    public var requiresExpiry = true

    /// Claims that must be there, and not null, besides those above, for example `["sub"]`. Defaults to none.
    public var requiredClaims: [String] = []

    /// What `typ` of the header has to be, for example `at+jwt` (RFC 9068); capital letters and `application/` in front
    /// do not count (RFC 7515 §4.1.9). nil, the default: not looked at.
    public var tokenType: String?

    /// How far the issuer's clock and ours may be apart: `exp` holds for so much longer, `nbf` and `iat` may be so far
    /// ahead. Defaults to 5 s, more than clocks differ that are set by NTP; 0 ... 300 s.
    public var clockSkew: Duration = .seconds(5)

    /// Longest token in bytes. A longer one is refused before anything of it is looked at. Defaults to 8,192, the
    /// longest header that `HTTPLimits` lets through; 64 ... 1,048,576.
    public var maxTokenBytes = 8_192

    /// The claim that says which topics a client may use, see ``VerifiedJWT/grant``. Defaults to `topics`; nil: no claim
    /// does, and tokens do not limit topics.
    public var topicsClaim: String? = "topics"

    /// Whether a token without the claim of topics is refused. Defaults to false: such a token allows every topic, and
    /// channels decide.
    public var requiresTopics = false

    /// Most topics and patterns that one token may name. Defaults to 100, as many as channels of a connection;
    /// at most `SocketGrant.maxTopics`, 1,000.
    public var maxGrants = 100

    /// - Parameters:
    ///   - issuer, audience: stated rather than defaulted, since a verifier that takes any is an open door wherever one
    ///     key signs for several services.
    public init(keys: [JWTKeySource], issuer: JWTExpectedClaim, audience: JWTExpectedClaim) {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
    }

    /// The same, with more to set: `JWTVerifierOptions(…) { $0.clockSkew = .zero }`.
    public init(
        keys: [JWTKeySource], issuer: JWTExpectedClaim, audience: JWTExpectedClaim, _ configure: (inout Self) -> Void
    ) {
        self.init(keys: keys, issuer: issuer, audience: audience)
        configure(&self)
    }
}

extension JWTVerifierOptions {
    /// - Throws: `optionOutOfRange`, `noKeys`.
    func check() throws(JWTVerifierError) {
        func expect(_ holds: Bool, _ sentence: String) throws(JWTVerifierError) {
            if !holds { throw JWTVerifierError(.optionOutOfRange, sentence) }
        }
        guard !keys.isEmpty else { throw JWTVerifierError(.noKeys, "A verifier needs at least one key.") }
        try expect(
            (.zero)...(.seconds(300)) ~= clockSkew, "clockSkew is \(clockSkew); it must be between 0 and 300 s.")
        try expect(
            64...1_048_576 ~= maxTokenBytes,
            "maxTokenBytes is \(maxTokenBytes); it must be between 64 and 1,048,576 bytes.")
        try expect(
            1...SocketGrant.maxTopics ~= maxGrants,
            "maxGrants is \(maxGrants); it must be between 1 and \(SocketGrant.maxTopics).")
        for (name, claim) in [("issuer", issuer), ("audience", audience)] {
            try expect(
                !claim.isChecked || !claim.names.isEmpty && !claim.names.contains(""),
                "\(name) names nobody; write .required(…) with a name, or .ignored.")
        }
        try expect(topicsClaim != "", "topicsClaim is empty; nil says that no claim limits topics.")
    }
}
