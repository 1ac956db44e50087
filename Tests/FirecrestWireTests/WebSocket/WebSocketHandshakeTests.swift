// Firecrest — the opening handshake, both halves
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import Testing

/// Row 4 of the forty-four bad inputs, and the client's side of it.
@Suite("WebSocket handshake")
struct WebSocketHandshakeTests {
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    /// A correct request, with what a test changes in it.
    static func check(
        method: String = "GET", host: [String] = ["example.com"], connection: [String] = ["Upgrade"],
        upgrade: [String] = ["websocket"], key: [String] = [key], version: [String] = ["13"]
    ) -> WebSocketHandshakeError.Kind? {
        let error = WebSocketHandshake.check(
            method: method, host: host, connection: connection, upgrade: upgrade, key: key, version: version)
        #expect(error?.sendsVersion ?? false == (error?.kind == .version))
        #expect(error.map { $0.reason.hasSuffix(".") && $0.reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } } ?? true)
        return error?.kind
    }

    @Test("The example of RFC 6455 §1.3")
    func example() {
        #expect(WebSocketHandshake.accept(forKey: Self.key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test func whatIsAccepted() {
        #expect(Self.check() == nil)
        #expect(Self.check(connection: ["keep-alive, Upgrade"]) == nil)
        #expect(Self.check(connection: ["keep-alive", "\t uPGRADE ,"]) == nil)
        #expect(Self.check(upgrade: ["WebSocket"]) == nil)
        #expect(Self.check(upgrade: ["h2c, websocket"]) == nil)
    }

    @Test func whatIsRefused() {
        #expect(Self.check(method: "POST") == .method)
        #expect(Self.check(method: "get") == .method)
        #expect(Self.check(host: []) == .host)
        #expect(Self.check(host: [""]) == .host)
        #expect(Self.check(host: ["a", "b"]) == .host)
        #expect(Self.check(connection: []) == .connection)
        #expect(Self.check(connection: ["keep-alive"]) == .connection)
        #expect(Self.check(connection: ["upgraded", "up grade", "xupgrade"]) == .connection)
        #expect(Self.check(upgrade: []) == .upgrade)
        #expect(Self.check(upgrade: ["h2c"]) == .upgrade)
        #expect(Self.check(version: []) == .version)
        #expect(Self.check(version: ["8"]) == .version)
        #expect(Self.check(version: ["13", "13"]) == .version)
        #expect(Self.check(version: ["13, 8"]) == .version)
        #expect(Self.check(key: []) == .key)
        #expect(Self.check(key: [Self.key, Self.key]) == .key)
    }

    @Test(
        "A key is 16 bytes in base64",
        arguments: [
            "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ===",
            "dGhlIHNhbXBsZSBub25jZQ== ",
            "dGhlIHNhbXBsZSBub25jZWE=", "dGhlIHNhbXBsZSBub25jZWFh", "dGhlIHNhbXBsZSBub25j-_==",
            "dGhlIHNhbXBsZSBub25jéQ=",
            "dGhlIHNhbXBsZSBub25jZQ=A", "short",
        ])
    func keys(key: String) {
        #expect(Self.check(key: [key]) == .key)
    }

    @Test func makingAKey() {
        var random = SplitMix(state: 1)
        let keys = (0..<50).map { _ in WebSocketHandshake.makeKey(using: &random) }
        #expect(keys.allSatisfy { Self.check(key: [$0]) == nil })
        #expect(Set(keys).count == 50)
        struct Ones: RandomNumberGenerator { mutating func next() -> UInt64 { .max } }
        var ones = Ones()
        #expect(WebSocketHandshake.makeKey(using: &ones) == "/////////////////////w==")
    }

    @Test func theServersAnswer() {
        func verify(
            status: Int = 101, upgrade: [String] = ["WebSocket"], connection: [String] = ["upgrade"],
            accept: [String] = ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]
        ) -> WebSocketHandshakeError.Kind? {
            WebSocketHandshake.verify(
                status: status, upgrade: upgrade, connection: connection, accept: accept, forKey: Self.key)?.kind
        }
        #expect(verify() == nil)
        #expect(verify(status: 200) == .status)
        #expect(verify(upgrade: ["x"]) == .upgrade)
        #expect(verify(connection: []) == .connection)
        #expect(verify(accept: []) == .accept)
        #expect(verify(accept: ["S3pPLMBiTxaQ9kYGzzhZRbK+xOo="]) == .accept)
    }
}
