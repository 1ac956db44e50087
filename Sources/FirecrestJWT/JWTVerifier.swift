// Firecrest — checks tokens of other systems (RFC 7519) with keys that it was given.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest
internal import FoundationEssentials
internal import Synchronization

/// Takes or refuses JSON Web Tokens. One for all connections, loops and tasks; made once, before the endpoint.
///
/// ```swift
/// let verifier = try await JWTVerifier(options)
/// let token = try verifier.verify(text)
/// token.subject
/// ```
///
/// Checking is synchronous and does no I/O: it never waits and makes no task. A token costs one signature at most, on the
/// loop that asks: HMAC the least of all, ECDSA over P-384 and P-521 the most.
///
/// What is checked, in this order: the size; three parts of base64url; that the header names an algorithm that keys are
/// configured for; the key, by `kid` and algorithm; the signature, which HMAC compares in constant time; `typ`; and
/// only then the claims are read: `exp`, `nbf`, `iat`, `iss`, `aud`, those that are required, and topics. Nothing of a
/// token that has not been verified chooses a key's algorithm, a file, a URL or a name in a log.
public final class JWTVerifier: Sendable {
    private struct State {
        var keys: KeySet
        /// Which `reload` the keys are of, so that one that took longer does not bring older keys back.
        var turn = 0
        var nextTurn = 1
    }

    private let sources: [JWTKeySource]
    private let rules: TokenRules
    private let state: Mutex<State>

    /// Loads the keys. Asynchronous only because jwt-kit hands out keys from an actor.
    ///
    /// - Throws: `JWTVerifierError`: `noKeys`, `optionOutOfRange`, `keyUnreadable`, `keyMalformed`, `keyTooWeak`,
    ///   `keyAmbiguous`.
    public init(_ options: JWTVerifierOptions) async throws(JWTVerifierError) {
        try options.check()
        sources = options.keys
        rules = TokenRules(options)
        state = Mutex(State(keys: try await KeySet.load(options.keys)))
    }

    /// Reads files of keys again, all of them, and uses what they have from then on. Connections that exist are not asked
    /// again.
    ///
    /// - Throws: as `init`. The keys then stay as they were; log the error, and the operator knows.
    public func reload() async throws(JWTVerifierError) {
        let turn = state.withLock { state in
            defer { state.nextTurn += 1 }
            return state.nextTurn
        }
        let keys = try await KeySet.load(sources)
        state.withLock { state in
            guard turn > state.turn else { return }
            (state.keys, state.turn) = (keys, turn)
        }
    }

    /// Checks a token.
    ///
    /// - Throws: `JWTVerifierError`, which says what was wrong, for your log. In `Socket.connect` ``authenticate(_:)``
    ///   is what you want.
    public func verify(_ token: String) throws(JWTVerifierError) -> VerifiedJWT {
        try verify(token, now: Date().timeIntervalSince1970)
    }

    /// - Parameter now: seconds since 1970.
    package func verify(_ token: String, now: Double) throws(JWTVerifierError) -> VerifiedJWT {
        VerifiedJWT(try rules.verify(token, keys: state.withLock(\.keys), now: now), by: self)
    }

    /// Checks the token of a client that wants to connect, or to stay.
    ///
    /// - Parameter token: nil is refused as a bad one is.
    /// - Throws: `ConnectError.refused(reason:)` with a ``JWTRefusal``: 403 for the client, the code and the sentence for
    ///   the log.
    public func authenticate(_ token: String?) throws(ConnectError) -> VerifiedJWT {
        guard let token else {
            throw .refused(reason: JWTRefusal(JWTVerifierError(.missing, "The client sent no token.")))
        }
        do {
            return try verify(token)
        } catch {
            throw .refused(reason: JWTRefusal(error))
        }
    }
}
