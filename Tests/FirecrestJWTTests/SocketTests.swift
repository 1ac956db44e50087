// Firecrest — tokens at a real socket: who may connect, where to, until when, and what comes after.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestJWT
import FirecrestTestSupport
import FirecrestTesting
import FoundationEssentials
import Testing

/// As the module's README has it.
private struct TokenSocket: Socket {
    static let token = AssignKey<VerifiedJWT>("token")

    static let channels = Channels { channel("room:*", RoomChannel.self) }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        var assigns = Assigns()
        assigns[token] = try info.authenticateJWT(info.authToken ?? params.string("token"))
        return assigns
    }

    static func id(_ assigns: Assigns) -> String? { assigns[token]?.subject.map { "users:\($0)" } }

    static func grant(_ assigns: Assigns) -> SocketGrant? { assigns[token]?.grant }

    static func refresh(_ text: String, _ assigns: Assigns) async throws -> Assigns {
        var assigns = assigns
        assigns[token] = try assigns[token]?.renewed(with: text)
        return assigns
    }
}

@Suite struct SocketTests {
    private func run(
        _ websocket: WebSocketOptions = true, logger: RecordedLog? = nil,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let verifier = try await TestIssuer.verifier()
        var websocket = websocket
        websocket.authToken = true
        websocket.connectInfo.append(.jwt(verifier))
        var options = EndpointOptions.test
        if let logger { options.logger = logger.logger }
        try await TestServer.run(
            options: options, socket("/socket", TokenSocket.self, websocket: websocket), body: body)
    }

    private func token(_ changes: [String: JSON?] = [:], lifetime: Double = 600) throws -> String {
        let end = JSON.integer(Int64(Date().timeIntervalSince1970 + lifetime))
        return try TestIssuer.token(["exp": end].merging(changes) { _, new in new })
    }

    private func connect(_ server: TestServer, _ token: String) async throws -> TestClient {
        let offer = "phoenix, base64url.bearer.phx." + Base64URL.encode(Array(token.utf8))
        return try await TestClient.connect(server, headers: [("Sec-WebSocket-Protocol", offer)])
    }

    @Test func a_token_lets_its_client_in_and_to_its_topics_only() async throws {
        try await run { server in
            let client = try await connect(
                server, token(["topics": ["room:1": ["echo"], "room:2": []]]))
            #expect(try await client.join("room:1").status == "ok")
            #expect(try await client.join("room:2").status == "ok")
            #expect(try await client.join("room:3").status == "error")
        }
    }

    @Test func a_token_among_the_parameters() async throws {
        try await run { server in
            let path = TestClient.socketPath + "&token=" + (try token())
            let client = try await TestClient.connect(server, path: path)
            #expect(try await client.join("room:1").status == "ok")
        }
    }

    @Test func a_refused_token_is_403_for_the_client_and_its_code_for_the_log() async throws {
        let log = RecordedLog()
        try await run(logger: log) { server in
            for (token, code) in [
                (try token(lifetime: -60), "token_expired"), (try token(["aud": "mail"]), "token_audience_wrong"),
                ("x.y.z", "token_malformed"), ("", "token_missing"),
            ] {
                let client = try await TestClient.open(server)
                defer { client.drop() }
                let path = TestClient.socketPath + (token.isEmpty ? "" : "&token=" + token)
                let answer = try await client.upgrade(path)
                #expect(answer.status == 403 && answer.text == "")
                let reasons = log.lines.compactMap { $0.metadata["reason"] }
                #expect(reasons.contains { $0.hasPrefix(code + ": ") }, "\(code): \(reasons)")
            }
            // The token itself stands in no line.
            #expect(!log.lines.contains { "\($0)".contains("eyJ") })
        }
    }

    @Test func a_client_that_is_told_reasons_hears_the_brief_one() async throws {
        let websocket = WebSocketOptions { $0.refusal = .acceptThenClose }
        try await run(websocket) { server in
            for (token, reason) in [
                (try token(lifetime: -60), "token expired"), (try token(["aud": "mail"]), "token not accepted"),
            ] {
                let client = try await TestClient.connect(server, path: TestClient.socketPath + "&token=" + token)
                #expect(try await client.receiveText().contains(#""reason":"\#(reason)""#))
            }
        }
    }

    @Test func a_fresh_token_renews_and_one_of_somebody_else_does_not() async throws {
        try await run { server in
            let client = try await connect(server, token(["topics": ["room:1"]]))
            #expect(try await client.join("room:1").status == "ok")
            #expect(try await client.join("room:2").status == "error")
            func present(_ token: String, ref: String) async throws -> String {
                try await client.sendText(
                    #"[null,"\#(ref)","phoenix","access_token",{"access_token":"\#(token)"}]"#)
                return try await client.receiveText()
            }
            let fresh = try await present(token(["topics": ["room:*"]]), ref: "90")
            #expect(fresh.contains(#""status":"ok""#) && fresh.contains("expires_in"), "\(fresh)")
            #expect(try await client.join("room:3").status == "ok")
            let other = try await present(token(["sub": "43"]), ref: "91")
            #expect(other.contains("token not accepted"), "\(other)")
            let expired = try await present(token(lifetime: -60), ref: "92")
            #expect(expired.contains("token expired"), "\(expired)")
            #expect(try await client.heartbeat().status == "ok")
        }
    }

    @Test func a_users_test_brings_the_verifier() async throws {
        let test = try ChannelTest(TokenSocket.self)
        var info = ConnectInfo(transport: "test", authToken: try token(["topics": ["room:1": []]]))
        info.jwtVerifier = try await TestIssuer.verifier()
        let socket = try await test.connect(info: info)
        let room = try await socket.join("room:1")
        _ = try await room.push("echo").expectReply("error")
        #expect(try await socket.present(token: try token(["topics": ["room:1"]])).status == "ok")
        _ = try await room.push("echo").expectReply()
        info.authToken = "x"
        await #expect(throws: ConnectError.self) { try await test.connect(info: info) }
    }

    @Test func a_mount_without_a_verifier_is_the_servers_fault() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await TestServer.run(options: options, socket("/socket", TokenSocket.self)) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.upgrade().status == 500)
            #expect(log.lines.contains { "\($0)".contains("jwt_not_configured") })
        }
    }
}
