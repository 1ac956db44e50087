// Firecrest — conformance: subprotocols.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite struct SubprotocolTests {
    @Test func phx_33_with_no_list_an_offer_is_ignored() async throws {
        let answer = try await answer(served: nil, offered: "foo")
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == nil)
    }

    @Test(arguments: ["mqtt, sip", "mqtt,sip", "sip, mqtt", "x, sip , mqtt"])
    func phx_34_the_server_prefers_in_its_own_order(offered: String) async throws {
        let answer = try await answer(served: ["sip", "mqtt"], offered: offered)
        #expect(answer.status == 101)
        #expect(answer.all("sec-websocket-protocol") == ["sip"])
    }

    @Test(arguments: ["mqtt", "SIP", "sipp", ""])
    func phx_35_an_offer_of_others_only_is_403(offered: String) async throws {
        let answer = try await answer(served: ["sip"], offered: offered)
        #expect(answer.status == 403)
        #expect(answer.text.isEmpty)
        #expect(answer.errorCode == "no_common_subprotocol")
    }

    @Test func phx_36_a_client_that_offers_none_is_accepted() async throws {
        let answer = try await answer(served: ["sip"], offered: nil)
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == nil)
    }

    // MARK: auth token

    @Test func phx_37_the_token_is_taken_and_phoenix_answered() async throws {
        let (answer, token) = try await token(of: "phx_37", "phoenix, base64url.bearer.phx.dG9r")
        #expect(answer.status == 101)
        #expect(answer.all("sec-websocket-protocol") == ["phoenix"])
        #expect(token == "tok")
    }

    /// Phoenix accepts, and a browser would drop the connection for want of an answer.
    @Test func phx_37_the_token_alone_is_accepted_without_an_answer() async throws {
        let (answer, token) = try await token(of: "phx_37_alone", "base64url.bearer.phx.dG9r")
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == nil)
        #expect(token == "tok")
    }

    @Test func phx_37_phoenix_comes_before_the_mounts_own_subprotocols() async throws {
        let (answer, _) = try await token(of: "phx_37_own", "sip, phoenix", served: ["sip"])
        #expect(answer["sec-websocket-protocol"] == "phoenix")
        let (other, token) = try await token(of: "phx_37_other", "sip, base64url.bearer.phx.dG9r", served: ["sip"])
        #expect(other["sec-websocket-protocol"] == "sip")
        #expect(token == "tok")
    }

    /// Standard base64 as phoenix.js writes it, without padding; and what other clients make of the word `base64url`.
    @Test(arguments: ["Pz8/Pj4+", "Pz8_Pj4-", "Pz8/Pj4+Pw", "Pz8/Pj4+Pw==", "Pz8_Pj4-Pw=="])
    func phx_38_both_alphabets_are_read_with_padding_and_without(text: String) async throws {
        let (answer, token) = try await token(of: "phx_38_\(text.utf8.count)", "phoenix, base64url.bearer.phx.\(text)")
        #expect(answer.status == 101)
        #expect(token == (text.utf8.count == 8 ? "???>>>" : "???>>>?"))
    }

    @Test func phx_39_two_tokens_are_none() async throws {
        let offer = "base64url.bearer.phx.dG9r, phoenix, base64url.bearer.phx.b3RoZXI"
        let (answer, token) = try await token(of: "phx_39", offer)
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == "phoenix")
        #expect(token == nil)
    }

    @Test func phx_39_two_tokens_without_phoenix_are_subprotocols_that_are_not_served() async throws {
        let offer = "base64url.bearer.phx.dG9r, base64url.bearer.phx.dG9r"
        #expect(try await token(of: "phx_39_403", offer).answer.status == 403)
    }

    @Test func phx_40_without_the_header_there_is_no_token() async throws {
        let (answer, token) = try await token(of: "phx_40", nil)
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == nil)
        #expect(token == nil)
    }

    @Test(arguments: ["***", "d", "dG9r=dG9r", "dG9r=", "dG9rdG===", "dG9r dG9r", "/w", "=", "dG9\u{E9}"])
    func phx_41_a_token_that_is_no_base64_of_text_is_403_before_connect(text: String) async throws {
        let name = "phx_41_\(text.utf8.count)"
        let (answer, _) = try await token(of: name, "phoenix, base64url.bearer.phx.\(text)", mayConnect: false)
        #expect(answer.status == 403)
        #expect(answer.text.isEmpty)
        #expect(answer.errorCode == "bad_auth_token")
    }

    @Test func phx_42_a_mount_that_takes_no_token_ignores_the_header() async throws {
        let (answer, token) = try await token(
            of: "phx_42", "phoenix, base64url.bearer.phx.dG9r", takesToken: false)
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == nil)
        #expect(token == nil)
    }

    /// The server's answer to an offer, and the token that connect was told.
    private func token(
        of name: String, _ offer: String?, takesToken: Bool = true, served: [String]? = nil, mayConnect: Bool = true
    ) async throws -> (answer: HTTPAnswer, token: String?) {
        let websocket = WebSocketOptions {
            $0.authToken = takesToken
            $0.subprotocols = served
        }
        return try await TestServer.run(socket("/socket", ConnectSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(
                "/socket/websocket?vsn=2.0.0&test=\(name)",
                headers: offer.map { [("Sec-WebSocket-Protocol", $0)] } ?? [])
            let calls = ConnectSocket.calls(of: name)
            if !mayConnect { #expect(calls.isEmpty) }
            return (answer, calls.first?.info.authToken)
        }
    }

    private func answer(served: [String]?, offered: String?) async throws -> HTTPAnswer {
        var websocket = WebSocketOptions()
        websocket.subprotocols = served
        return try await TestServer.run(socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server)
            return try await client.upgrade(headers: offered.map { [("Sec-WebSocket-Protocol", $0)] } ?? [])
        }
    }
}
