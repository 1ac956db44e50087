// Firecrest — the form of tokens, and what their claims must say.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Testing

@testable import FirecrestJWT

@Suite struct TokenRulesTests {
    private static let now = TestIssuer.now

    // MARK: form

    @Test func a_token_without_a_signature_is_none() async throws {
        let verifier = try await TestIssuer.verifier()
        let claims = Base64URL.encode(Array("\(try Payload(TestIssuer.claims()))".utf8))
        for name in ["none", "None", "NONE", "nOnE", "", "HS1", "HS256 ", "hs256", "RS256", "ML-DSA-65"] {
            for signature in ["", "AA", Base64URL.encode([UInt8](repeating: 0, count: 32))] {
                let header = Base64URL.encode(Array(#"{"alg":"\#(name)"}"#.utf8))
                let code = verifier.refusal(of: header + "." + claims + "." + signature)
                #expect(code == .algorithmNotAllowed || signature.isEmpty && code == .malformed, "\(name)")
            }
        }
        for header in [#"{}"#, #"{"alg":null}"#, #"{"alg":["HS256"]}"#, #"{"alg":256}"#, #"{"ALG":"HS256"}"#] {
            let token = TestIssuer.sign(header: header, claims: "\(try Payload(TestIssuer.claims()))")
            #expect(verifier.refusal(of: token) == .algorithmNotAllowed, "\(header)")
        }
    }

    @Test func what_is_no_token() async throws {
        let verifier = try await TestIssuer.verifier()
        let good = try TestIssuer.token()
        #expect(verifier.refusal(of: good) == nil)
        let parts = good.split(separator: ".").map(String.init)
        let bad = [
            "", ".", "..", "...", "a.b", "a.b.c", good + ".", "." + good, good + ".a", good + ".a.b", " " + good,
            good + " ",
            good + "\n", good + "=", "Bearer " + good, good.replacing(".", with: ".."),
            parts[0] + "=." + parts[1] + "."
                + parts[2], "é" + good, String(good.reversed()),
            "eyJhbGciOiJIUzI1NiJ9\u{0}." + parts[1] + "." + parts[2], String(repeating: ".", count: 8_000),
        ]
        for token in bad { #expect(verifier.refusal(of: token) == .malformed, "\(token.prefix(80))") }
        // The payload is not decoded before the signature is right.
        #expect(verifier.refusal(of: parts[0] + "." + parts[1] + "=." + parts[2]) == .badSignature)
    }

    @Test func headers_and_payloads_are_objects() async throws {
        let verifier = try await TestIssuer.verifier()
        let header = #"{"alg":"HS256"}"#
        for text in ["", "[]", "null", "1", #""x""#, "{", #"{"a":1,}"#, #"{"a":"\#u{1}"}"#, "{}x"] {
            #expect(verifier.refusal(of: TestIssuer.sign(header: header, claims: text)) == .malformed, "\(text)")
            #expect(verifier.refusal(of: TestIssuer.sign(header: text, claims: "{}")) == .malformed, "\(text)")
        }
    }

    @Test func what_must_be_understood_and_is_not_is_refused() async throws {
        let verifier = try await TestIssuer.verifier()
        for crit: JSON in [["exp"], [], ["b64"], .null] {
            #expect(
                verifier.refusal(of: try TestIssuer.token(header: ["alg": "HS256", "crit": crit])) == .malformed)
        }
    }

    @Test func limit_maxTokenBytes() async throws {
        let token = try TestIssuer.token(["name": .string(String(repeating: "x", count: 1_000))])
        let verifier = try await TestIssuer.verifier { $0.maxTokenBytes = token.utf8.count }
        #expect(verifier.refusal(of: token) == nil)
        let smaller = try await TestIssuer.verifier { $0.maxTokenBytes = token.utf8.count - 1 }
        #expect(smaller.refusal(of: token) == .tooLong)
    }

    @Test func limit_maxJSONDepth() async throws {
        let verifier = try await TestIssuer.verifier()
        func nested(_ levels: Int) throws -> String {
            // The object itself is one.
            var value: JSON = 1
            for _ in 1..<levels { value = .array([value]) }
            return try TestIssuer.token(["deep": value])
        }
        #expect(verifier.refusal(of: try nested(CompactToken.maxJSONDepth)) == nil)
        #expect(verifier.refusal(of: try nested(CompactToken.maxJSONDepth + 1)) == .malformed)
        let header = #"{"alg":"HS256","x":\#(String(repeating: "[", count: 2_000))"#
        #expect(verifier.refusal(of: TestIssuer.sign(header: header, claims: "{}")) == .malformed)
    }

    @Test(arguments: [("at+jwt", true), ("AT+JWT", true), ("application/at+jwt", true), ("JWT", false), ("", false)])
    func a_type_that_is_asked_for(type: String, isGood: Bool) async throws {
        let verifier = try await TestIssuer.verifier { $0.tokenType = "at+jwt" }
        let token = try TestIssuer.token(header: ["alg": "HS256", "typ": .string(type)])
        #expect(verifier.refusal(of: token) == (isGood ? nil : .wrongType))
        #expect(verifier.refusal(of: try TestIssuer.token(header: ["alg": "HS256"])) == .wrongType)
        #expect(verifier.refusal(of: try TestIssuer.token(header: ["alg": "HS256", "typ": 1])) == .malformed)
    }

    // MARK: times

    @Test func an_expired_token() async throws {
        let verifier = try await TestIssuer.verifier()
        let token = try TestIssuer.token()
        let end = Self.now + 60
        #expect(verifier.refusal(of: token, now: end - 0.001) == nil)
        #expect(verifier.refusal(of: token, now: end) == .expired)
        #expect(verifier.refusal(of: token, now: end + 1_000_000) == .expired)
        let half = try TestIssuer.token(["exp": .number(end + 0.5)])
        #expect(verifier.refusal(of: half, now: end + 0.25) == nil)
        #expect(verifier.refusal(of: half, now: end + 0.5) == .expired)
    }

    @Test func a_token_that_does_not_end() async throws {
        let token = try TestIssuer.token(["exp": nil])
        #expect(try await TestIssuer.verifier().refusal(of: token) == .claimMissing)
        let lenient = try await TestIssuer.verifier { $0.requiresExpiry = false }
        #expect(lenient.refusal(of: token) == nil)
        #expect(try lenient.verify(token, now: Self.now).expiresAt == nil)
        // One that ends still ends.
        #expect(lenient.refusal(of: try TestIssuer.token(), now: Self.now + 60) == .expired)
    }

    @Test func a_token_of_the_future() async throws {
        let verifier = try await TestIssuer.verifier()
        let later = JSON.integer(Int64(Self.now) + 10)
        for (claim, code) in [("nbf", JWTVerifierError.Code.notYetValid), ("iat", .issuedInFuture)] {
            let token = try TestIssuer.token([claim: later])
            #expect(verifier.refusal(of: token, now: Self.now + 9.999) == code)
            #expect(verifier.refusal(of: token, now: Self.now + 10) == nil)
        }
    }

    @Test func limit_clockSkew() async throws {
        let verifier = try await TestIssuer.verifier { $0.clockSkew = .seconds(30) }
        let token = try TestIssuer.token(["nbf": .integer(Int64(Self.now)), "iat": .integer(Int64(Self.now))])
        #expect(verifier.refusal(of: token, now: Self.now - 30) == nil)
        #expect(verifier.refusal(of: token, now: Self.now - 30.001) == .notYetValid)
        #expect(verifier.refusal(of: token, now: Self.now + 89.999) == nil)
        #expect(verifier.refusal(of: token, now: Self.now + 90) == .expired)
        for skew in [Duration.seconds(301), .seconds(-1)] {
            #expect(await failure { _ = try await TestIssuer.verifier { $0.clockSkew = skew } } == .optionOutOfRange)
        }
    }

    // MARK: claims

    @Test func the_issuer() async throws {
        let required = try await TestIssuer.verifier()
        let optional = try await TestIssuer.verifier { $0.issuer = .optional("https://login.example.com", "other") }
        let ignored = try await TestIssuer.verifier { $0.issuer = .ignored }
        let cases: [(JSON?, Bool, Bool)] = [
            ("https://login.example.com", true, true), (nil, false, true), ("other", false, true), ("", false, false),
            ("https://login.example.com/", false, false), ("HTTPS://login.example.com", false, false),
        ]
        for (issuer, isRequired, isOptional) in cases {
            let token = try TestIssuer.token(["iss": issuer])
            #expect(required.refusal(of: token) == (isRequired ? nil : .wrongIssuer), "\(String(describing: issuer))")
            #expect(optional.refusal(of: token) == (isOptional ? nil : .wrongIssuer), "\(String(describing: issuer))")
            #expect(ignored.refusal(of: token) == nil)
        }
    }

    @Test func the_audience() async throws {
        let required = try await TestIssuer.verifier()
        let optional = try await TestIssuer.verifier { $0.audience = .optional("chat") }
        let ignored = try await TestIssuer.verifier { $0.audience = .ignored }
        let cases: [(JSON?, Bool, Bool)] = [
            ("chat", true, true), (["chat"], true, true), (["mail", "chat"], true, true), (nil, false, true),
            ("mail", false, false), (["mail"], false, false), ([], false, false), ("chat ", false, false),
        ]
        for (audience, isRequired, isOptional) in cases {
            let token = try TestIssuer.token(["aud": audience])
            #expect(
                required.refusal(of: token) == (isRequired ? nil : .wrongAudience), "\(String(describing: audience))")
            #expect(
                optional.refusal(of: token) == (isOptional ? nil : .wrongAudience), "\(String(describing: audience))")
            #expect(ignored.refusal(of: token) == nil)
        }
    }

    @Test func claims_that_must_be_there() async throws {
        let verifier = try await TestIssuer.verifier { $0.requiredClaims = ["sub", "role"] }
        #expect(verifier.refusal(of: try TestIssuer.token(["role": "admin"])) == nil)
        #expect(verifier.refusal(of: try TestIssuer.token()) == .claimMissing)
        #expect(verifier.refusal(of: try TestIssuer.token(["role": .some(.null)])) == .claimMissing)
        #expect(verifier.refusal(of: try TestIssuer.token(["role": "admin", "sub": nil])) == .claimMissing)
    }

    @Test func registered_claims_have_their_types() async throws {
        let verifier = try await TestIssuer.verifier {
            ($0.issuer, $0.audience, $0.requiresExpiry) = (.ignored, .ignored, false)
        }
        let wrong: [(String, [JSON])] = [
            ("sub", [1, .null, ["a"]]), ("iss", [1, .null, ["a"]]), ("jti", [1, .null]),
            ("aud", [1, .null, [1], ["a": "b"], ["chat", .null]]),
            ("exp", ["1900000000", .null, true, [1], -1, .number(1e300), .integer(1_900_000_000_000)]),
            ("nbf", ["1", .null, -5]), ("iat", ["1", .null, .number(-0.5)]),
        ]
        for (name, values) in wrong {
            for value in values {
                #expect(
                    verifier.refusal(of: try TestIssuer.token([name: value])) == .claimMalformed, "\(name) \(value)")
            }
        }
    }

    @Test func nothing_is_read_of_claims_before_the_signature_is_right() async throws {
        let verifier = try await TestIssuer.verifier()
        for claims in ["no json", #"{"exp":1}"#, #"{"iss":5}"#, "{}", String(repeating: "[", count: 3_000)] {
            let token = TestIssuer.sign(header: #"{"alg":"HS256"}"#, claims: claims, key: [1, 2, 3])
            #expect(verifier.refusal(of: token) == .badSignature)
        }
    }

    // MARK: what comes out

    @Test func claims_as_a_type_of_ones_own() async throws {
        struct Mine: Codable, Equatable {
            struct Plan: Codable, Equatable { let name: String, seats: Int }
            let sub: String
            let plan: Plan
        }
        let verifier = try await TestIssuer.verifier()
        let token = try verifier.verify(
            try TestIssuer.token(["plan": ["name": "team", "seats": 5], "jti": "x-1"]), now: Self.now)
        #expect(try token.decode(Mine.self) == Mine(sub: "42", plan: .init(name: "team", seats: 5)))
        #expect(token.id == "x-1" && token.audiences == ["chat"] && token["plan"]?["seats"] == 5)
        let other = try verifier.verify(try TestIssuer.token(), now: Self.now)
        #expect(await failure { _ = try other.decode(Mine.self) } == .claimMalformed)
    }

    @Test func of_two_claims_of_one_name_all_readers_see_the_last() async throws {
        struct Mine: Codable { let sub: String }
        let verifier = try await TestIssuer.verifier { ($0.issuer, $0.audience) = (.ignored, .ignored) }
        let token = try verifier.verify(
            TestIssuer.sign(
                header: #"{"alg":"HS256"}"#, claims: #"{"sub":"admin","exp":1900000000,"sub":"ada"}"#), now: Self.now)
        #expect(token.subject == "ada")
        #expect(try token.decode(Mine.self).sub == "ada")
    }

    @Test func what_a_client_hears_tells_expired_from_the_rest_and_no_more() async throws {
        let codes = Set(
            JWTVerifierError.Code.allCases.map { JWTRefusal(JWTVerifierError($0, "secret detail")).description })
        #expect(codes == ["token expired", "token not accepted"])
        let verifier = try await TestIssuer.verifier()
        do {
            _ = try verifier.authenticate(nil)
            Issue.record("nil was taken")
        } catch {
            let refusal = try #require(error.reason as? JWTRefusal)
            #expect(refusal.error.code == .missing && "\(refusal)" == "token not accepted")
        }
        #expect(throws: ConnectError.self) { try verifier.authenticate("x") }
    }

    @Test func options_that_cannot_work() async throws {
        let wrong: [(JWTVerifierError.Code, (inout JWTVerifierOptions) -> Void)] = [
            (.noKeys, { $0.keys = [] }), (.optionOutOfRange, { $0.maxTokenBytes = 63 }),
            (.optionOutOfRange, { $0.maxTokenBytes = 1_048_577 }), (.optionOutOfRange, { $0.maxGrants = 0 }),
            (.optionOutOfRange, { $0.issuer = .required() }), (.optionOutOfRange, { $0.audience = .optional("") }),
            (.optionOutOfRange, { $0.topicsClaim = "" }),
        ]
        for (code, change) in wrong {
            #expect(await failure { _ = try await TestIssuer.verifier(change) } == code)
        }
    }
}
