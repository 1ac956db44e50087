// Firecrest — session cookies in Plug's format, with cookies that another implementation made.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import FoundationEssentials
import NIOCore
import Testing

@testable import Firecrest

@Suite struct SessionCookiesTests {
    private static let options = SessionOptions(
        key: "_app_key", signingSalt: "Wn2mTiYL", secretKeyBase: String(repeating: "a", count: 64))
    private static let cookies = SessionCookies(options)

    /// Made by Python's hashlib and hmac of %{"_csrf_token" => "…", "user_id" => 42}, as OTP 25 writes it.
    private static let signed =
        "SFMyNTY.g3QAAAACbQAAAAtfY3NyZl90b2tlbm0AAAAYQUFBQUJCQkJDQ0NDREREREVFRUVGRkZGbQAAAAd1c2VyX2lkYSo.dbax"
        + "xVRxBN3DpM9q0SGcCDhXTSqZtWRJCPlYylCEVDM"

    @Test func a_cookie_of_another_implementation_is_read_and_written() throws {
        let cookies = try #require(Self.cookies)
        let session = try #require(cookies.read(Self.signed))
        #expect(session["user_id"] == 42)
        #expect(session["_csrf_token"] == "AAAABBBBCCCCDDDDEEEEFFFF")
        #expect(cookies.write(session) == Self.signed)
    }

    @Test func values_that_json_has_no_form_for_are_kept() throws {
        let cookies = try #require(Self.cookies)
        let term = ETFTerm.map([
            .init(.string("user_token"), .binary(ByteBuffer(bytes: [0xFF, 0, 0x80]))),
            .init(.string("flash"), .map([.init(.atom("info"), .string("hi"))])),
            .init(.string("pair"), .tuple([.atom("ok"), .integer(1)])), .init(.atom("live"), .string("x")),
        ])
        var session = try #require(Session(term))
        #expect(session["user_token"] == nil && session.bytes("user_token") == [0xFF, 0, 0x80])
        #expect(session["flash"] == ["info": "hi"])
        #expect(session["pair"] == ["ok", 1])
        #expect(session["live"] == "x")
        session["new"] = ["a": [1, nil]]
        session["flash"] = nil
        let value = try #require(cookies.write(session))
        let read = try #require(cookies.read(value))
        #expect(read.keys.sorted() == ["live", "new", "pair", "user_token"])
        #expect(read.bytes("user_token") == [0xFF, 0, 0x80])
        guard case .map(let pairs) = read.term else { return #expect(Bool(false)) }
        #expect(pairs.contains(.init(.string("pair"), .tuple([.atom("ok"), .integer(1)]))))
    }

    @Test func values_of_ones_own_types() throws {
        struct User: Codable, Equatable {
            var id: Int
            var name: String
        }
        var session = Session(["a": 1])
        try session.set("user", User(id: 7, name: "Ada"))
        #expect(try session.decode(User.self, "user") == User(id: 7, name: "Ada"))
        #expect(try session.decode(User.self, "nobody") == nil)
        #expect(throws: (any Error).self) { try session.decode(User.self, "a") }
        session.set("raw", bytes: [1, 2])
        #expect(session.bytes("raw") == [1, 2])
    }

    @Test func encrypted_cookies_go_there_and_back() throws {
        var options = Self.options
        options.encryptionSalt = "secret"
        let cookies = try #require(SessionCookies(options))
        let value = try #require(cookies.write(Session(["a": "b"])))
        #expect(value.hasPrefix("XCP."))
        #expect(cookies.read(value)?["a"] == "b")
        #expect(Self.cookies?.read(value) == nil)
        // A signed one is no encrypted one.
        #expect(cookies.read(Self.signed) == nil)
    }

    @Test func what_is_signed_and_no_map_is_no_session() throws {
        let cookies = try #require(Self.cookies)
        let key = try #require(
            DerivedKeys.shared.key(String(repeating: "a", count: 64), salt: "Wn2mTiYL", TokenKeyOptions()))
        for content: [UInt8] in [
            [], [131], [131, 106], [131, 97, 1], [131, 116, 0, 0, 0, 1], [131, 80, 0, 0, 0, 1],
        ] {
            #expect(cookies.read(SignedMessage.sign(content, key)) == nil, "\(content)")
        }
        #expect(cookies.read(SignedMessage.sign([131, 116, 0, 0, 0, 0], key))?.isEmpty == true)
    }

    @Test func a_long_atom_of_latin_1_is_read_again() throws {
        let cookies = try #require(Self.cookies)
        let key = try #require(
            DerivedKeys.shared.key(String(repeating: "a", count: 64), salt: "Wn2mTiYL", TokenKeyOptions()))
        let content = [131, 116, 0, 0, 0, 1, 100, 0, 200] + [UInt8](repeating: 0xEF, count: 200) + [97, 1]
        let session = try #require(cookies.read(SignedMessage.sign(content, key)))
        let value = try #require(cookies.write(session))
        #expect(cookies.read(value)?.keys == [String(repeating: "ï", count: 200)])
    }

    @Test func a_cookie_is_for_tls_when_its_request_was_unless_the_options_say_otherwise() {
        var options = Self.options
        options.sameSite = nil
        #expect(options.setCookie("v", overTLS: false) == "_app_key=v; path=/; HttpOnly")
        #expect(options.setCookie("v", overTLS: true) == "_app_key=v; path=/; secure; HttpOnly")
        options.isSecure = true
        #expect(options.setCookie("v", overTLS: false) == "_app_key=v; path=/; secure; HttpOnly")
        options.isSecure = false
        #expect(!options.deleteCookie(overTLS: true).contains("secure"))
        options.maxAge = .seconds(60)
        #expect(
            options.setCookie("v", overTLS: false, now: Date(timeIntervalSince1970: 784_111_717))
                == "_app_key=v; path=/; expires=Sun, 06 Nov 1994 08:49:37 GMT; max-age=60; HttpOnly")
    }

    @Test func limit_sessionDepth() throws {
        let cookies = try #require(Self.cookies)
        let key = try #require(
            DerivedKeys.shared.key(String(repeating: "a", count: 64), salt: "Wn2mTiYL", TokenKeyOptions()))
        func cookie(_ depth: Int) throws -> String {
            let nested = (0..<depth).reduce(ETFTerm.integer(1)) { term, _ in .list([term]) }
            let bytes = try ETFTerm.map([.init(.string("a"), nested)]).encoded()
            return SignedMessage.sign(Array(bytes.readableBytesView), key)
        }
        #expect(cookies.read(try cookie(SessionOptions.maxDepth - 1)) != nil)
        #expect(cookies.read(try cookie(SessionOptions.maxDepth)) == nil)
    }

    // MARK: CSRF

    @Test func a_csrf_token_has_many_faces() throws {
        let token = CSRFToken.make()
        #expect(token.utf8.count == 24 && CSRFToken.make() != token)
        let faces = try (0..<100).map { _ in try #require(CSRFToken.masked(Array(token.utf8))) }
        #expect(Set(faces).count == 100)
        for face in faces {
            #expect(face.utf8.count == 56)
            #expect(CSRFToken.isValid(face, for: Array(token.utf8)))
            #expect(!CSRFToken.isValid(face, for: Array(CSRFToken.make().utf8)))
        }
        #expect(!CSRFToken.isValid(token, for: Array(token.utf8)))
        #expect(!CSRFToken.isValid(nil, for: Array(token.utf8)))
        #expect(!CSRFToken.isValid(faces[0], for: nil))
        #expect(CSRFToken.masked([1, 2, 3]) == nil)
    }

    /// Plug's arithmetic by hand: 24 times "A" masked with 24 times "B" is 24 times 3.
    @Test func a_face_is_plugs() {
        let face = String(repeating: "AwMD", count: 8) + String(repeating: "B", count: 24)
        #expect(CSRFToken.isValid(face, for: Array(repeating: UInt8(ascii: "A"), count: 24)))
    }
}
