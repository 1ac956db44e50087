// Firecrest — tokens with any header and any claims, for tests.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Firecrest
import FirecrestJWT

/// Signs with HMAC, by swift-crypto and not by the library under test.
enum TestIssuer {
    static let secret = String(repeating: "a secret of thirty-two bytes!!! ", count: 2)
    static let now = 1_800_000_000.0

    /// The standard claims with `changes` laid over them; a nil takes one out.
    static func claims(_ changes: [String: JSON?] = [:]) -> JSON {
        var claims: [String: JSON] = [
            "iss": "https://login.example.com", "aud": "chat", "sub": "42", "exp": .integer(Int64(now) + 60),
        ]
        for (name, value) in changes { claims[name] = value }
        return .object(claims)
    }

    static func token(_ changes: [String: JSON?] = [:], header: JSON = ["alg": "HS256", "typ": "JWT"]) throws -> String
    {
        try sign(header: "\(Payload(header))", claims: "\(Payload(claims(changes)))")
    }

    /// Of texts, whatever they are. `key` is HMAC-SHA256's.
    static func sign(header: String, claims: String, key: some Sequence<UInt8> = secret.utf8) -> String {
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        let mac = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: SymmetricKey(data: Array(key)))
        return signed + "." + Base64URL.encode(Array(mac))
    }

    static func options(_ configure: (inout JWTVerifierOptions) -> Void = { _ in }) -> JWTVerifierOptions {
        JWTVerifierOptions(
            keys: [.secret(secret)], issuer: .required("https://login.example.com"), audience: .required("chat")
        ) {
            $0.clockSkew = .zero
            configure(&$0)
        }
    }

    static func verifier(_ configure: (inout JWTVerifierOptions) -> Void = { _ in }) async throws -> JWTVerifier {
        try await JWTVerifier(options(configure))
    }
}

extension JWTVerifier {
    /// The code of the refusal; nil for a token that is taken.
    func refusal(of token: String, now: Double = TestIssuer.now) -> JWTVerifierError.Code? {
        do {
            _ = try verify(token, now: now)
            return nil
        } catch {
            return error.code
        }
    }
}

/// The code of the error that `body` throws; nil when it throws none.
func failure(_ body: () async throws -> Void) async -> JWTVerifierError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? JWTVerifierError)?.code
    }
}
