// Firecrest — bad input 33: JSON Web Tokens that are forged, confused, for others, of another time, and a megabyte long.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras
import Firecrest
import FirecrestHTTP
import FirecrestJWT
import FirecrestTestSupport
import FoundationEssentials
import NIOCore
import Testing

/// Takes tokens in the URL, too, so that any text can be one.
private struct GuardedSocket: Socket {
    static let token = AssignKey<VerifiedJWT>("token")

    static let channels = Channels { channel("room:*", RoomChannel.self) }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        var assigns = Assigns()
        assigns[token] = try info.authenticateJWT(info.authToken ?? params.string("jwt"))
        return assigns
    }

    static func grant(_ assigns: Assigns) -> SocketGrant? { assigns[token]?.grant }
}

@Suite struct TokenForgeryTests {
    private static let secret = "the secret of the issuer, which nobody else knows"
    private static let rsa = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }

    /// A secret and an RSA key side by side: what confuses the two would be taken here.
    private func guarded(
        _ options: EndpointOptions = .test, share: ServerShare = .shared,
        _ configure: (inout JWTVerifierOptions) -> Void = { _ in }, _ body: (TestServer) async throws -> Void
    ) async throws {
        let verifier = try await JWTVerifier(
            JWTVerifierOptions(
                keys: [
                    .secret(Self.secret, id: "hmac"),
                    .pem(try Self.rsa.get().publicKey.pemRepresentation, algorithm: .rs256, id: "rsa"),
                ],
                issuer: .required("https://login.example.com"), audience: .required("chat"), configure))
        let websocket = WebSocketOptions {
            $0.authToken = true
            $0.connectInfo = [.jwt(verifier)]
        }
        try await TestServer.run(
            options: options, share: share, socket("/socket", GuardedSocket.self, websocket: websocket),
            // Not pinged, however long a sanitizer makes what comes between its two messages.
            socket("/open", RoomSocket.self, websocket: WebSocketOptions { $0.pingInterval = nil })
        ) { server in
            let neighbour = try await TestClient.connect(server, path: "/open/websocket?vsn=2.0.0")
            #expect(try await neighbour.join("room:1").status == "ok")
            // What is right is taken, before and after, so that what is refused is refused for what is wrong with it.
            try await expectTaken(server, try token())
            try await expectTaken(server, try token(header: ["alg": "RS256", "kid": "rsa"]))
            try await body(server)
            try await expectTaken(server, try token())
            #expect(try await neighbour.heartbeat().status == "ok")
        }
    }

    // MARK: forged

    @Test func bad_33_a_token_without_a_signature_is_refused() async throws {
        try await guarded { server in
            let claims = part(try payload())
            for name in ["none", "None", "NONE", "nOnE", "", "HS0"] {
                for kid in ["", #","kid":"hmac""#, #","kid":"rsa""#] {
                    let header = part(#"{"alg":"\#(name)"\#(kid)}"#)
                    for signature in ["", "AA", part(String(repeating: "\u{0}", count: 32))] {
                        try await expectRefused(server, "\(header).\(claims).\(signature)")
                    }
                    try await expectRefused(server, "\(header).\(claims)")
                }
            }
            // Of a good one the signature is cut off, or is another's.
            let good = try token().split(separator: ".").map(String.init)
            try await expectRefused(server, "\(good[0]).\(good[1]).")
            let other = try token(["sub": "somebody else"]).split(separator: ".").map(String.init)
            try await expectRefused(server, "\(good[0]).\(other[1]).\(good[2])")
        }
    }

    @Test func bad_33_the_public_key_is_no_secret() async throws {
        try await guarded { server in
            let key = try Self.rsa.get().publicKey
            let pem = key.pemRepresentation
            let secrets: [[UInt8]] = [
                Array(pem.utf8), Array((pem + "\n").utf8), Array(pem.utf8.dropLast()), Array(key.derRepresentation),
                Array(key.pkcs1DERRepresentation), [], Array("rsa".utf8),
            ]
            for secret in secrets {
                for kid: JSON? in ["rsa", "hmac", nil] {
                    var header: [String: JSON] = ["alg": "HS256"]
                    header["kid"] = kid
                    try await expectRefused(server, try token(header: .object(header), secret: secret))
                }
                // The name of the one and the signature of the other.
                let token = try token(header: ["alg": "RS256", "kid": "rsa"], secret: secret, isHMAC: true)
                try await expectRefused(server, token)
            }
        }
    }

    /// A server that would be fetched from is there, and hears of nobody.
    @Test func bad_33_a_kid_is_no_path_and_no_address() async throws {
        try await guarded { server in
            try await TestServer.run(socket("/socket", RoomSocket.self)) { bait in
                let url = "http://127.0.0.1:\(bait.port)/jwks.json"
                let kids = [
                    "../../../../dev/null", "/dev/null", "/proc/self/environ", "..%2f..%2fetc%2fpasswd", "hmac/../rsa",
                    "hmac\u{0}", "hmac ", "HMAC", "", "' OR 1=1 --", "$(id)", url, "file:///etc/passwd",
                    String(repeating: "../", count: 500),
                ]
                for kid in kids {
                    for secret in [Array(Self.secret.utf8), [], [0]] {
                        let header: JSON = [
                            "alg": "HS256", "kid": .string(kid), "jku": .string(url), "x5u": .string(url),
                            "jwk": ["kty": "oct", "k": "AA"],
                        ]
                        try await expectRefused(server, try token(header: header, secret: secret))
                    }
                }
                for kid: JSON in [.null, 0, ["hmac"], ["kid": "hmac"], true] {
                    try await expectRefused(server, try token(header: ["alg": "HS256", "kid": kid]))
                }
                // A claim chooses no key either.
                let claims: [String: JSON?] = ["iss": .string(url), "jku": .string(url), "kid": "rsa"]
                try await expectRefused(server, try token(claims, secret: []))
                #expect(await bait.statistics().connectionsAccepted == 0)
            }
        }
    }

    // MARK: for others, and of another time

    @Test func bad_33_a_token_for_or_of_somebody_else_is_refused() async throws {
        try await guarded { server in
            for audience: JSON? in ["mail", ["mail", "chat2"], [], "", nil, "Chat", .null, 7, ["a": "chat"]] {
                try await expectRefused(server, try token(["aud": audience]))
            }
            for issuer: JSON? in [
                "https://login.example.com.evil.example", "https://login.example.com/", "", nil, .null,
                ["https://login.example.com"],
            ] {
                try await expectRefused(server, try token(["iss": issuer]))
            }
        }
    }

    @Test func bad_33_a_token_of_another_time_is_refused() async throws {
        try await guarded { server in
            let now = Int64(Date().timeIntervalSince1970)
            let skew: Int64 = 5
            for expiry: JSON? in [
                .integer(now - skew - 1), .integer(0), .integer(-1), nil, .null, .string("\(now + 600)"),
                // In milliseconds, and beyond all time.
                .integer((now + 600) * 1_000), .number(1e300),
            ] {
                try await expectRefused(server, try token(["exp": expiry]))
            }
            for claim in ["nbf", "iat"] {
                for time: JSON in [.integer(now + 600), .number(1e300), .string("0"), .null, -1] {
                    try await expectRefused(server, try token([claim: time]))
                }
            }
            // Clocks that are a moment apart are no reason. (The exact edges are tested with a clock of the test's own.)
            try await expectTaken(server, try token(["iat": .integer(now + 2), "nbf": .integer(now + 2)]))
        }
    }

    // MARK: size

    @Test func bad_33_a_token_of_a_megabyte_costs_nothing() async throws {
        let long = String(repeating: "A", count: 1_000_000)
        // Where limits are as they are by default, the request is none.
        try await guarded { server in
            let client = try await TestClient.open(server)
            #expect(try await client.upgrade(Self.path(long)).status == 414)
        }
        // Where somebody took them away, the verifier's own is left. The last one was signed by the issuer itself. (A URL
        // takes a million bytes in all, a header more.)
        let good = try token()
        let third = String(repeating: "A", count: 330_000)
        let monsters = [
            String(long.prefix(999_900)), good + third, third + "." + third + "." + third,
            String(repeating: ".", count: 999_900), try token(["name": .string(String(long.prefix(740_000)))]),
        ]
        var options = EndpointOptions.test
        options.http.maxTargetBytes = 4_000_000
        options.http.maxHeaderFieldBytes = 4_000_000
        options.http.maxHeaderBytes = 4_000_000
        let log = RecordedLog()
        options.logger = log.logger
        try await guarded(options, share: .alone) { server in
            try await expectRefused(server, monsters[0])
            let before = ProcessMemory.now
            let began = ContinuousClock.now
            for _ in 0..<3 {
                for monster in monsters { try await expectRefused(server, monster) }
                let client = try await TestClient.open(server)
                defer { client.drop() }
                let offer = "phoenix, base64url.bearer.phx." + part(long)
                let answer = try await client.upgrade(
                    "/socket/websocket?vsn=2.0.0", headers: [("Sec-WebSocket-Protocol", offer)])
                #expect(answer.status == 403)
            }
            #expect(ContinuousClock.now - began < .seconds(60))
            #expect(ProcessMemory.now.resident - before.resident < 64 << 20)
            let reasons = log.lines.compactMap { $0.metadata["reason"] }
            #expect(reasons.contains { $0.hasPrefix("token_too_long") }, "\(reasons.prefix(5))")
            #expect(!log.lines.contains { "\($0)".utf8.count > 2_000 })
        }
    }

    /// Tokens that are as long as they may be and made to cost: deep, wide, and of every algorithm's name.
    @Test func bad_33_no_token_takes_long() async throws {
        let verifier = try await JWTVerifier(
            JWTVerifierOptions(
                keys: [
                    .secret(Self.secret), .pem(try Self.rsa.get().publicKey.pemRepresentation, algorithm: .rs256),
                    .pem(P384.Signing.PrivateKey().publicKey.pemRepresentation, algorithm: .es384),
                ], issuer: .ignored, audience: .ignored))
        var tokens: [String] = []
        for size in [0, 2_000, 5_900] {
            for filler in ["[", #"{"a":"#, "1,", "\"\\u0000", "\u{1}", "é"] {
                let text = String(repeating: filler, count: size / filler.utf8.count)
                for name in ["HS256", "RS256", "ES384", "none"] {
                    let header = #"{"alg":"\#(name)","#
                    tokens.append(try token(header: .object(["alg": .string(name)]), claims: text, isHMAC: true))
                    tokens.append(
                        part(header + text) + "." + part("{}") + "." + part(String(repeating: "x", count: 96)))
                }
            }
        }
        for token in tokens {
            let began = ContinuousClock.now
            #expect(throws: JWTVerifierError.self) { try verifier.verify(token) }
            #expect(ContinuousClock.now - began < .seconds(1), "\(token.prefix(60))")
        }
    }

    // MARK: parts

    private static func path(_ token: String) -> String { "/socket/websocket?vsn=2.0.0&jwt=" + token }

    private func expectRefused(
        _ server: TestServer, _ token: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let client = try await TestClient.open(server)
        defer { client.drop() }
        let answer = try await client.upgrade(Self.path(token))
        // All alike: the client is not told which check it failed.
        #expect(answer.status == 403, "\(token.prefix(200))", sourceLocation: sourceLocation)
        #expect(answer.text == "", sourceLocation: sourceLocation)
    }

    private func expectTaken(_ server: TestServer, _ token: String) async throws {
        let client = try await TestClient.connect(server, path: Self.path(token))
        #expect(try await client.join("room:1").status == "ok")
        client.drop()
    }

    private func payload(_ changes: [String: JSON?] = [:]) throws -> String {
        var claims: [String: JSON] = [
            "iss": "https://login.example.com", "aud": "chat", "sub": "42",
            "exp": .integer(Int64(Date().timeIntervalSince1970) + 600),
        ]
        for (name, value) in changes { claims[name] = value }
        return "\(try Payload(.object(claims)))"
    }

    private func part(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

    /// - Parameter isHMAC: signs with `secret` whatever the header says.
    private func token(
        _ changes: [String: JSON?] = [:], header: JSON = ["alg": "HS256", "kid": "hmac"], claims: String? = nil,
        secret: [UInt8] = Array(Self.secret.utf8), isHMAC: Bool = false
    ) throws -> String {
        let signed = part("\(try Payload(header))") + "." + part(try claims ?? payload(changes))
        if header["alg"] == "RS256", !isHMAC {
            let digest = SHA256.hash(data: Array(signed.utf8))
            let signature = try Self.rsa.get().signature(for: digest, padding: .insecurePKCS1v1_5)
            return signed + "." + Base64URL.encode(Array(signature.rawRepresentation))
        }
        let mac = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: SymmetricKey(data: secret))
        return signed + "." + Base64URL.encode(Array(mac))
    }
}
