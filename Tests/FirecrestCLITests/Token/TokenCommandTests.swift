// Firecrest — `firecrest token` without its process.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite struct TokenCommandTests {
    private static let secret = String(repeating: "a", count: 64)
    private static let text = "SFMyNTY.g2gDbQAAAAR1LTQybgYAAGjlz4sBYgAADhA.I6ybQQy6PuzZ0Lx5PGTtlJMNA6vF4M-2ZqMyLR30BU4"

    private static func sources(secret: String? = secret, files: [String: String] = [:]) -> TokenSources {
        TokenSources(
            environment: { $0 == "FIRECREST_SECRET_KEY_BASE" ? secret : nil },
            read: { path in
                guard let text = files[path] else { throw TokenFailure.unusable("no \(path)") }
                return ByteBuffer(string: text)
            })
    }

    private func output<Work: TokenWork>(
        _ type: Work.Type, _ arguments: [String], _ sources: TokenSources = sources()
    ) throws -> String {
        try Work.parse(arguments).output(sources)
    }

    private func expect<Work: TokenWork>(
        _ code: Int32, _ part: String, _ type: Work.Type, _ arguments: [String], _ sources: TokenSources = sources(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let failure = #expect(throws: TokenFailure.self, sourceLocation: sourceLocation) {
            try output(type, arguments, sources)
        }
        #expect(failure?.code == code, sourceLocation: sourceLocation)
        #expect(failure?.sentence.contains(part) == true, "\(failure?.sentence ?? "")", sourceLocation: sourceLocation)
    }

    private static let sign = ["--salt", "user auth", "--signed-at", "1700000000", "--max-age", "3600"]
    private static let verify = ["--salt", "user auth", "--max-age", "infinity"]

    @Test func phoenixs_token_is_made() throws {
        #expect(try output(TokenSign.self, ["\"u-42\""] + Self.sign) == Self.text + "\n")
        let files = ["-": "\"u-42\"\n", "secret": Self.secret + "\n"]
        let sources = Self.sources(secret: nil, files: files)
        #expect(
            try output(TokenSign.self, Self.sign + ["--secret-key-base-file", "secret"], sources) == Self.text + "\n")
    }

    @Test func phoenixs_token_is_verified() throws {
        #expect(try output(TokenVerify.self, [Self.text] + Self.verify) == "\"u-42\"\n")
        #expect(
            try output(TokenVerify.self, Self.verify, Self.sources(files: ["-": Self.text + "\r\n"])) == "\"u-42\"\n")
        expect(1, "invalid", TokenVerify.self, [Self.text + "x"] + Self.verify)
        expect(1, "invalid", TokenVerify.self, [Self.text, "--salt", "other"])
        expect(1, "too old", TokenVerify.self, [Self.text, "--salt", "user auth"])
    }

    @Test func an_encrypted_token_goes_there_and_back() throws {
        let token = try output(TokenSign.self, [#"{"id":7}"#, "--salt", "s", "--encrypt"])
        #expect(token.hasPrefix("XCP."))
        #expect(try output(TokenVerify.self, [String(token.dropLast()), "--salt", "s"]) == "{\"id\":7}\n")
        expect(1, "encrypted", TokenDecode.self, [String(token.dropLast())])
    }

    @Test func other_keys_are_other_tokens() throws {
        for keys in [["--key-iterations", "10"], ["--key-length", "64"], ["--key-digest", "sha512"]] {
            let token = String(try output(TokenSign.self, ["1", "--salt", "s"] + keys).dropLast())
            #expect(try output(TokenVerify.self, [token, "--salt", "s"] + keys) == "1\n")
            expect(1, "invalid", TokenVerify.self, [token, "--salt", "s"])
        }
        expect(2, "--key-digest", TokenSign.self, ["1", "--salt", "s", "--key-digest", "md5"])
        expect(2, "key", TokenSign.self, ["1", "--salt", "s", "--key-iterations", "0"])
    }

    @Test func a_token_is_shown_and_said_not_to_be_verified() throws {
        #expect(
            try output(TokenDecode.self, [Self.text], Self.sources(secret: nil)) == """
                NOT VERIFIED: anybody can have written this; `firecrest token verify` checks it.
                head     SFMyNTY (HMAC-SHA256)
                data     "u-42"
                signed   Tue, 14 Nov 2023 22:13:20 GMT
                expires  Tue, 14 Nov 2023 23:13:20 GMT, 3600 s after it was signed

                """)
        let forged = Self.text.replacing("SFMyNTY", with: "bm9uZQ")
        #expect(try output(TokenDecode.self, [forged]).contains("unknown"))
        let forever = try output(TokenSign.self, ["1", "--salt", "s", "--max-age", "infinity", "--signed-at", "1e14"])
        let shown = try output(TokenDecode.self, [String(forever.dropLast())])
        #expect(shown.contains("no time that a calendar has") && shown.contains("expires  never"))
        for text in ["", "x", "a.b.c", "SFMyNTY..", "SFMyNTY.g2E.AA"] {
            expect(1, "form of a signed token", TokenDecode.self, [text])
        }
    }

    @Test func a_session_cookie_is_written_and_read() throws {
        for salts in [["--signing-salt", "s"], ["--signing-salt", "s", "--encryption-salt", "e"]] {
            let cookie = String(try output(TokenCookie.self, [#"{"user":7}"#, "--write"] + salts).dropLast())
            #expect(try output(TokenCookie.self, [cookie] + salts) == "{\"user\":7}\n")
            expect(1, "invalid", TokenCookie.self, [cookie, "--signing-salt", "other"])
        }
        expect(2, "JSON object", TokenCookie.self, ["[]", "--write", "--signing-salt", "s"])
        let short = Self.sources(secret: String(repeating: "a", count: 63))
        expect(2, "64", TokenCookie.self, ["x", "--signing-salt", "s"], short)
    }

    @Test func what_is_missing_is_said() {
        expect(2, "FIRECREST_SECRET_KEY_BASE", TokenSign.self, ["1", "--salt", "s"], Self.sources(secret: nil))
        expect(
            2, "19 bytes", TokenSign.self, ["1", "--salt", "s"], Self.sources(secret: String(repeating: "a", count: 19))
        )
        expect(2, "no JSON", TokenSign.self, ["u-42", "--salt", "s"])
        #expect(throws: (any Error).self) { try TokenSign.parse(["1"]) }
        #expect(throws: (any Error).self) { try TokenVerify.parse(["x", "--salt", "s", "--max-age", "long"]) }
        #expect(throws: (any Error).self) { try TokenVerify.parse(["x", "--salt", "s", "--leeway", "-1"]) }
    }
}
