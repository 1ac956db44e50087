// Firecrest — tests of refusals that are told on an accepted connection. Firecrest's own; Phoenix always answers over HTTP.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite struct AcceptThenCloseTests {
    @Test func a_refusal_with_a_reason_is_told_and_closed_with_1008() async throws {
        try await run { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&do=reason")
            #expect(
                try await client.receiveJSON() == [
                    nil, nil, "phoenix", "phx_error",
                    ["code": "connect_refused", "reason": "banned until \"Monday\""],
                ])
            let close = try await client.receiveClose()
            #expect(close.code == 1008)
            #expect(close.reason == "connect_refused: banned until \"Monday\"")
            try await client.close()
            #expect(try await client.waitForClose() == .eof)
            let statistics = try await server.waitForStatistics("the end of the connection") { $0.webSocketsOpen == 0 }
            #expect(statistics.upgradesRefused == 1)
        }
    }

    @Test func the_code_is_the_mounts_choice() async throws {
        try await run(.acceptThenClose(code: .normal)) { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&do=refuse")
            let message = try await client.receiveMessage()
            #expect(message.payload == ["code": "connect_refused", "reason": "This client may not connect."])
            #expect(try await client.receiveClose().code == 1000)
        }
    }

    @Test(arguments: ["vsn=1.0.0&", ""])
    func version_1_gets_an_object(query: String) async throws {
        try await run { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket?\(query)do=refuse")
            let message = try await client.receiveJSON()
            #expect(message["topic"] == "phoenix")
            #expect(message["event"] == "phx_error")
            #expect(message["payload"]?["code"] == "connect_refused")
            #expect(try await client.receiveClose().code == 1008)
        }
    }

    @Test(arguments: ["vsn=9.0.0", "vsn=x", "vsn[]=2.0.0"])
    func a_version_that_is_not_served_is_told_as_2_0_0_before_connect(query: String) async throws {
        try await run { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket?\(query)&test=atc_\(query)")
            let message = try await client.receiveMessage()
            #expect(message.payload == ["code": "unsupported_vsn", "reason": "This vsn is not served."])
            #expect(try await client.receiveClose().code == 1008)
            #expect(ConnectSocket.calls(of: "atc_\(query)").isEmpty)
        }
    }

    @Test func a_connect_that_throws_is_1011_and_one_that_hangs_1013() async throws {
        try await run(.acceptThenClose(code: .normal), timeout: .milliseconds(50)) { server in
            for (query, code, closeCode) in [
                ("throw", "connect_failed", UInt16(1011)), ("hang", "connect_timeout", 1013),
            ] {
                let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&do=\(query)")
                #expect(try await client.receiveMessage().payload["code"] == .string(code))
                #expect(try await client.receiveClose().code == closeCode)
            }
        }
    }

    /// A page of another origin learns nothing but that it may not.
    @Test func a_foreign_origin_stays_403() async throws {
        try await run { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(headers: [("Origin", "https://evil.org")])
            #expect(answer.status == 403)
            #expect(answer.errorCode == "origin_refused")
        }
    }

    @Test func a_malformed_query_stays_400() async throws {
        try await run { server in
            let client = try await TestClient.open(server)
            #expect(try await client.upgrade("/socket/websocket?vsn=%FF").status == 400)
        }
    }

    @Test func subprotocols_with_no_answer_stay_403_and_a_bad_token_is_told_where_there_is_one() async throws {
        try await run { server in
            for offer in ["mqtt", "mqtt, base64url.bearer.phx.***", "base64url.bearer.phx.***"] {
                let client = try await TestClient.open(server)
                #expect(try await client.upgrade(headers: [("Sec-WebSocket-Protocol", offer)]).status == 403)
            }
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(
                headers: [("Sec-WebSocket-Protocol", "phoenix, base64url.bearer.phx.***")])
            #expect(answer.status == 101)
            #expect(answer["sec-websocket-protocol"] == "phoenix")
            #expect(try await client.receiveMessage().payload["code"] == "bad_auth_token")
            #expect(try await client.receiveClose().code == 1008)
        }
    }

    /// What a refused client sends is not looked at, and it cannot stay.
    @Test func a_refused_client_gets_nothing_more() async throws {
        try await run { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&do=refuse")
            try await client.push(joinRef: "1", ref: "1", topic: "room:1", event: "phx_join")
            try await client.push(ref: "2", topic: "phoenix", event: "heartbeat")
            #expect(try await client.receiveMessage().event == "phx_error")
            #expect(
                try await client.receive()
                    == .close(code: 1008, reason: "connect_refused: This client may not connect."))
            try await client.close()
            #expect(try await client.waitForClose() == .eof)
            #expect(await server.statistics().channelsJoined == 0)
        }
    }

    @Test func who_is_accepted_is_served_as_ever() async throws {
        try await run { server in
            let client = try await TestClient.connect(server)
            #expect(try await client.join("room:1").status == "ok")
        }
    }

    private func run(
        _ style: RefusalStyle = .acceptThenClose, timeout: Duration = .seconds(10),
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let websocket = WebSocketOptions {
            $0.refusal = style
            $0.connectTimeout = timeout
            $0.authToken = true
            $0.compress = true
        }
        try await TestServer.run(socket("/socket", ConnectSocket.self, websocket: websocket), body: body)
    }
}
