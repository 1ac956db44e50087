// Firecrest — keys: what is taken as one, which of several a token means, and files that change.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@testable import FirecrestJWT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct KeyTests {
    private func verifier(_ keys: JWTKeySource...) async throws -> JWTVerifier {
        try await TestIssuer.verifier {
            $0.keys = keys
            $0.topicsClaim = nil
        }
    }

    private func jwk(_ algorithm: JWSAlgorithm, _ more: [String: JSON] = [:]) -> JSON {
        .object(Vector.jwk(algorithm).mapValues { .string($0) }.merging(more) { _, new in new })
    }

    private func set(_ keys: JSON...) throws -> String { "\(try Payload(["keys": .array(keys)]))" }

    // MARK: which key

    @Test func an_id_selects_among_keys_by_exact_match() async throws {
        let (one, two) = (String(repeating: "1", count: 32), String(repeating: "2", count: 32))
        let verifier = try await verifier(.secret(one, id: "one"), .secret(two, id: "tw\u{F6}"))
        func token(_ id: JSON?, _ key: String) throws -> String {
            let header: JSON = id.map { ["alg": "HS256", "kid": $0] } ?? ["alg": "HS256"]
            return TestIssuer.sign(
                header: "\(try Payload(header))", claims: "\(try Payload(TestIssuer.claims()))", key: key.utf8)
        }
        #expect(verifier.refusal(of: try token("one", one)) == nil)
        #expect(verifier.refusal(of: try token("tw\u{F6}", two)) == nil)
        #expect(verifier.refusal(of: try token("one", two)) == .badSignature)
        // As bytes: the same letter in two scalars is another id.
        #expect(verifier.refusal(of: try token("two\u{308}", two)) == .unknownKey)
        for id in ["One", "one ", "", "three", "../one", "/dev/null", "https://evil.example/key"] {
            #expect(verifier.refusal(of: try token(.string(id), one)) == .unknownKey, "\(id)")
        }
        // None named, two could be meant.
        #expect(verifier.refusal(of: try token(nil, one)) == .unknownKey)
        for id: JSON in [1, .null, ["one"], ["a": "one"], true] {
            #expect(verifier.refusal(of: try token(id, one)) == .malformed, "\(id)")
        }
    }

    @Test func a_token_that_names_no_key_means_the_only_one() async throws {
        let verifier = try await verifier(
            .secret(TestIssuer.secret, id: "one"), .pem(Vector.pem(.es256), algorithm: .es256))
        #expect(verifier.refusal(of: try TestIssuer.token()) == nil)
    }

    @Test func a_key_without_an_id_takes_tokens_of_any() async throws {
        let verifier = try await verifier(.secret(TestIssuer.secret))
        #expect(verifier.refusal(of: try TestIssuer.token(header: ["alg": "HS256", "kid": "2024-07"])) == nil)
    }

    @Test func what_a_header_says_of_keys_is_not_read() async throws {
        let verifier = try await verifier(.secret(TestIssuer.secret))
        let header: JSON = [
            "alg": "HS256", "jku": "https://evil.example/jwks.json", "x5u": "file:///etc/passwd", "x5c": [1, 2],
            "jwk": ["kty": "oct", "k": "AAAA"],
        ]
        #expect(verifier.refusal(of: try TestIssuer.token(header: header)) == nil)
        let other = TestIssuer.sign(
            header: #"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#,
            claims: "\(try Payload(TestIssuer.claims()))", key: [0, 0, 0])
        #expect(verifier.refusal(of: other) == .badSignature)
    }

    @Test func two_keys_that_no_token_can_tell_apart_are_an_error() async throws {
        let other = String(repeating: "x", count: 32)
        #expect(
            await failure { _ = try await verifier(.secret(other), .secret(TestIssuer.secret)) } == .keyAmbiguous)
        #expect(
            await failure { _ = try await verifier(.secret(other, id: "a"), .secret(TestIssuer.secret, id: "a")) }
                == .keyAmbiguous)
        // One id for keys of two algorithms is fine (RFC 7517 §4.5).
        _ = try await verifier(.secret(other, id: "a"), .pem(Vector.pem(.es256), algorithm: .es256, id: "a"))
    }

    // MARK: what is a key

    @Test func a_secret_has_as_many_bytes_as_the_hash() async throws {
        for (algorithm, bytes) in [(JWSAlgorithm.hs256, 32), (.hs384, 48), (.hs512, 64)] {
            _ = try await verifier(.secret(String(repeating: "x", count: bytes), algorithm: algorithm))
            let short = JWTKeySource.secret(String(repeating: "x", count: bytes - 1), algorithm: algorithm)
            #expect(await failure { _ = try await verifier(short) } == .keyTooWeak)
        }
        #expect(await failure { _ = try await verifier(.secret("")) } == .keyTooWeak)
    }

    @Test func a_key_in_PEM_is_no_secret_and_a_secret_no_key() async throws {
        let inSet = try set(["kty": "oct", "k": .string(Base64URL.encode(Array(Vector.pem(.rs256).utf8)))])
        for algorithm in [JWSAlgorithm.hs256, .hs384, .hs512] {
            for text in [Vector.pem(.rs256), "\n " + Vector.pem(.es256), Vector.certificate] {
                let confused = JWTKeySource.secret(text, algorithm: algorithm)
                #expect(await failure { _ = try await verifier(confused) } == .keyMalformed)
            }
            let set = JWTKeySource.jwks(inSet, algorithms: [algorithm])
            #expect(await failure { _ = try await verifier(set) } == .keyMalformed)
            let pem = JWTKeySource.pem(Vector.pem(.rs256), algorithm: algorithm)
            #expect(await failure { _ = try await verifier(pem) } == .keyMalformed)
        }
        #expect(
            await failure { _ = try await verifier(.secret(TestIssuer.secret, algorithm: .rs256)) } == .keyMalformed)
        for algorithm in JWSAlgorithm.allCases {
            let source = JWTKeySource.pem("no PEM at all", algorithm: algorithm)
            #expect(await failure { _ = try await verifier(source) } == .keyMalformed)
        }
    }

    @Test func a_key_is_of_the_kind_that_its_algorithm_needs() async throws {
        let kinds: [JWSAlgorithm] = [.rs256, .es256, .es384, .es512, .eddsa]
        for key in kinds {
            for algorithm in kinds where algorithm != key {
                let source = JWTKeySource.pem(Vector.pem(key), algorithm: algorithm)
                #expect(await failure { _ = try await verifier(source) } == .keyMalformed, "\(key) as \(algorithm)")
            }
        }
    }

    @Test func weak_and_private_keys_are_refused() async throws {
        #expect(await failure { _ = try await verifier(.pem(Vector.weakKey, algorithm: .rs256)) } == .keyMalformed)
        #expect(await failure { _ = try await verifier(.pem(Vector.privateKey, algorithm: .es256)) } == .keyMalformed)
    }

    // MARK: sets

    @Test func a_set_of_several_keys() async throws {
        let keys = try set(
            jwk(.rs256, ["kid": "key-rs256", "alg": "RS256", "use": "sig"]),
            jwk(.es256, ["kid": "key-es256", "alg": "ES256"]), jwk(.eddsa, ["kid": "key-eddsa", "key_ops": ["verify"]]))
        let verifier = try await verifier(.jwks(keys, algorithms: [.rs256, .es256, .eddsa]))
        for algorithm in [JWSAlgorithm.rs256, .es256, .eddsa] {
            #expect(verifier.refusal(of: Vector.token(algorithm)) == nil)
        }
        #expect(verifier.refusal(of: Vector.token(.ps256)) == .algorithmNotAllowed)
        // What is in the set and not configured is not there.
        let fewer = try await self.verifier(.jwks(keys, algorithms: [.es256]))
        #expect(fewer.refusal(of: Vector.token(.rs256)) == .algorithmNotAllowed)
        #expect(fewer.refusal(of: Vector.token(.es256)) == nil)
    }

    @Test func what_is_no_key_for_us_is_left_out() async throws {
        let keys = try set(
            jwk(.es256, ["use": "enc"]), jwk(.es256, ["key_ops": ["sign"]]), jwk(.es256, ["alg": "ES384"]),
            jwk(.es256, ["alg": 7]), ["kty": "XYZ"], ["kty": "OKP", "crv": "X25519", "x": "AAAA"], "no object", .null,
            jwk(.rs256, ["alg": "HS256"]), jwk(.es256))
        let verifier = try await verifier(.jwks(keys, algorithms: [.es256, .hs256, .eddsa]))
        #expect(verifier.refusal(of: Vector.token(.es256)) == nil)
        #expect(
            await failure { _ = try await self.verifier(.jwks(keys, algorithms: [.eddsa])) } == .noKeys)
    }

    @Test func a_key_for_us_that_is_not_whole_is_an_error() async throws {
        let broken: [(JSON, JWSAlgorithm)] = [
            (["kty": "EC", "crv": "P-256"], .es256), (jwk(.es256, ["y": "AAAA"]), .es256), (["kty": "RSA"], .rs256),
            (jwk(.rs256, ["n": "AQAB"]), .rs256), (["kty": "oct", "k": "%%%"], .hs256),
            (["kty": "oct", "k": 5], .hs256),
            (["kty": "OKP", "crv": "Ed25519", "x": "AA"], .eddsa),
        ]
        for (key, algorithm) in broken {
            let source = JWTKeySource.jwks(try set(key), algorithms: [algorithm])
            let code = await failure { _ = try await verifier(source) }
            #expect(code == .keyMalformed || code == .keyTooWeak, "\(key)")
        }
        let short = JWTKeySource.jwks(try set(["kty": "oct", "k": "AAAA"]), algorithms: [.hs256])
        #expect(await failure { _ = try await verifier(short) } == .keyTooWeak)
        for text in ["", "[]", "{}", #"{"keys": {}}"#, "no json"] {
            let code = await failure { _ = try await verifier(.jwks(text, algorithms: [.es256])) }
            #expect(code == .keyMalformed, "\(text)")
        }
        #expect(
            await failure { _ = try await verifier(.jwks(#"{"keys": []}"#, algorithms: [.es256])) } == .noKeys)
    }

    @Test func a_key_without_alg_that_could_be_for_two_is_an_error() async throws {
        let source = JWTKeySource.jwks(try set(jwk(.rs256)), algorithms: [.rs256, .ps256])
        #expect(await failure { _ = try await verifier(source) } == .keyAmbiguous)
    }

    // MARK: files

    @Test func files_are_read_again_and_a_bad_one_changes_nothing() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let path = folder.path + "/jwks.json"
        try folder.write("jwks.json", try set(jwk(.es256)))
        let verifier = try await verifier(.jwksFile(path, algorithms: [.es256, .eddsa]))
        #expect(verifier.refusal(of: Vector.token(.es256)) == nil)
        #expect(verifier.refusal(of: Vector.token(.eddsa)) == .algorithmNotAllowed)

        for (text, code) in [
            ("{", JWTVerifierError.Code.keyMalformed), ("", .keyUnreadable), (#"{"keys": []}"#, .noKeys),
            (String(repeating: " ", count: JWTKeySource.maxFileBytes + 1), .keyUnreadable),
        ] {
            try folder.write("jwks.json", text)
            #expect(await failure { try await verifier.reload() } == code)
            #expect(verifier.refusal(of: Vector.token(.es256)) == nil)
        }
        folder.delete("jwks.json")
        #expect(await failure { try await verifier.reload() } == .keyUnreadable)
        #expect(verifier.refusal(of: Vector.token(.es256)) == nil)

        try folder.write("jwks.json", try set(jwk(.eddsa)))
        try await verifier.reload()
        #expect(verifier.refusal(of: Vector.token(.es256)) == .algorithmNotAllowed)
        #expect(verifier.refusal(of: Vector.token(.eddsa)) == nil)
    }

    @Test func keys_change_under_many_readers() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("jwks.json", try set(jwk(.eddsa)))
        let verifier = try await verifier(.jwksFile(folder.path + "/jwks.json", algorithms: [.eddsa]))
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<50 { #expect(verifier.refusal(of: Vector.token(.eddsa)) == nil) }
                }
            }
            for _ in 0..<4 { group.addTask { for _ in 0..<10 { try await verifier.reload() } } }
            try await group.waitForAll()
        }
    }

    @Test func secrets_and_PEM_from_files() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        try folder.write("secret", TestIssuer.secret + "\r\n")
        try folder.write("key.pem", Vector.pem(.es384))
        let verifier = try await verifier(
            .secretFile(folder.path + "/secret"), .pemFile(folder.path + "/key.pem", algorithm: .es384))
        #expect(verifier.refusal(of: try TestIssuer.token()) == nil)
        #expect(verifier.refusal(of: Vector.token(.es384)) == nil)
        let missing = JWTKeySource.pemFile(folder.path + "/none.pem", algorithm: .es384)
        #expect(await failure { _ = try await self.verifier(missing) } == .keyUnreadable)
        let directory = JWTKeySource.secretFile(folder.path)
        #expect(await failure { _ = try await self.verifier(directory) } == .keyUnreadable)
    }
}

/// A folder of its own for the length of a test.
private struct Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/firecrest-jwt-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("no folder could be made") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ name: String, _ text: String) throws {
        guard let file = fopen(path + "/" + name, "w") else { throw TestFailure("\(name) cannot be written") }
        fputs(text, file)
        fclose(file)
    }

    func delete(_ name: String) { unlink(path + "/" + name) }

    func remove() {
        for name in ["jwks.json", "secret", "key.pem"] { delete(name) }
        rmdir(path)
    }
}
