// Firecrest — signatures of another implementation, whole and spoilt, in each algorithm.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestJWT
import FoundationEssentials
import Testing

@Suite struct AlgorithmTests {
    private func key(_ algorithm: JWSAlgorithm, id: String? = nil) -> JWTKeySource {
        algorithm.family == .secret
            ? .secret(Vector.secret(algorithm), algorithm: algorithm, id: id)
            : .pem(Vector.pem(algorithm), algorithm: algorithm, id: id)
    }

    private func verifier(_ keys: [JWTKeySource]) async throws -> JWTVerifier {
        try await JWTVerifier(
            JWTVerifierOptions(keys: keys, issuer: .required(Vector.issuer), audience: .required("chat")) {
                $0.topicsClaim = nil
            })
    }

    @Test(arguments: JWSAlgorithm.allCases) func takes_what_joserfc_signed(algorithm: JWSAlgorithm) async throws {
        let verifier = try await verifier([key(algorithm, id: "key-" + algorithm.rawValue.lowercased())])
        let token = try verifier.verify(Vector.token(algorithm), now: Vector.now)
        #expect(token.algorithm == algorithm)
        #expect(token.subject == "42")
        #expect(token["name"] == "Ada Löve")
        #expect(token.expiresAt?.timeIntervalSince1970 == 2_000_000_000)
    }

    @Test(arguments: JWSAlgorithm.allCases) func takes_it_with_a_key_of_a_set(algorithm: JWSAlgorithm) async throws {
        let set: JSON = ["keys": [.object(Vector.jwk(algorithm).mapValues { .string($0) })]]
        let verifier = try await verifier([.jwks("\(try Payload(set))", algorithms: [algorithm])])
        #expect(verifier.refusal(of: Vector.token(algorithm)) == nil)
    }

    @Test(arguments: JWSAlgorithm.allCases) func refuses_a_spoilt_one(algorithm: JWSAlgorithm) async throws {
        let verifier = try await verifier([key(algorithm)])
        let token = Vector.token(algorithm)
        let parts = token.split(separator: ".").map(String.init)
        let signature = try #require(Base64URL.decode(parts[2].utf8))
        func expectBad(_ signature: [UInt8], _ what: String) {
            let token = parts[0] + "." + parts[1] + "." + Base64URL.encode(signature)
            #expect(verifier.refusal(of: token) == .badSignature, "\(what)")
        }
        for place in [0, signature.count / 2, signature.count - 1] {
            var other = signature
            other[place] ^= 1
            expectBad(other, "byte \(place)")
        }
        expectBad(Array(signature.dropLast()), "one byte less")
        expectBad(signature + [0], "one byte more")
        expectBad(Array(repeating: 0, count: signature.count), "zeros")
        expectBad(Array(repeating: 0xFF, count: signature.count), "ones")
        expectBad([0], "one byte")
        // A digit of the claims, and the header of another token.
        let claims = Array(parts[1])
        let changed = String(claims[..<20]) + (claims[20] == "A" ? "B" : "A") + String(claims[21...])
        #expect(verifier.refusal(of: parts[0] + "." + changed + "." + parts[2]) == .badSignature)
        let header = Base64URL.encode(Array(#"{"alg":"\#(algorithm.rawValue)"}"#.utf8))
        #expect(verifier.refusal(of: header + "." + parts[1] + "." + parts[2]) == .badSignature)
        #expect(verifier.refusal(of: parts[0] + "." + parts[1] + ".") == .malformed)
    }

    /// Every algorithm's token against every other algorithm's key: the header does not choose.
    @Test func no_token_is_taken_by_a_key_of_another_algorithm() async throws {
        for algorithm in JWSAlgorithm.allCases {
            let verifier = try await verifier([key(algorithm)])
            for other in JWSAlgorithm.allCases where other != algorithm {
                #expect(verifier.refusal(of: Vector.token(other)) == .algorithmNotAllowed, "\(other) by \(algorithm)")
            }
        }
    }

    @Test func takes_the_newer_name_of_EdDSA() async throws {
        let verifier = try await verifier([key(.eddsa)])
        #expect(verifier.refusal(of: Vector.ed25519Token) == nil)
    }

    @Test func takes_the_key_of_a_certificate() async throws {
        let verifier = try await verifier([.pem(Vector.certificate, algorithm: .es256)])
        #expect(verifier.refusal(of: Vector.certifiedToken) == nil)
    }

    @Test func several_algorithms_stand_side_by_side() async throws {
        let verifier = try await verifier([key(.hs256), key(.rs256), key(.ps256), key(.es256), key(.eddsa)])
        for algorithm in [JWSAlgorithm.hs256, .rs256, .ps256, .es256, .eddsa] {
            #expect(verifier.refusal(of: Vector.token(algorithm)) == nil, "\(algorithm)")
        }
        // The same RSA key, bound to two algorithms, is still for no third one.
        #expect(verifier.refusal(of: Vector.token(.rs384)) == .algorithmNotAllowed)
    }
}
