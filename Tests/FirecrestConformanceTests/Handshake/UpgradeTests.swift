// Firecrest — conformance: the WebSocket upgrade request and its parameters.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct UpgradeTests {
    @Test func phx_1_upgrade_is_answered_with_101_and_the_accept_key() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.request(raw: TestClient.upgradeRequest("/socket/websocket?vsn=2.0.0"))
            #expect(answer.status == 101)
            #expect(answer["upgrade"] == "websocket")
            #expect(answer["connection"] == "Upgrade")
            // The example of RFC 6455 §1.3.
            #expect(answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            #expect(try await client.join("room:1").status == "ok")
            #expect(try await client.heartbeat().status == "ok")
            let statistics = await server.statistics()
            #expect(statistics.upgradesAccepted == 1)
            #expect(statistics.webSocketsOpen == 1)
        }
    }

    @Test(arguments: ["/socket//websocket/", "//socket/websocket", "/socket/websocket//"])
    func phx_2_empty_path_segments_do_not_count(path: String) async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server, path: path + "?vsn=2.0.0")
            #expect(try await client.join("room:1").status == "ok")
        }
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS"])
    func phx_3_another_method_than_GET_is_400_with_an_empty_body(method: String) async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.request(method, "/socket/websocket?vsn=2.0.0")
            #expect(answer.status == 400)
            #expect(answer.text.isEmpty)
            #expect(answer.errorCode == "method_not_get")
        }
    }

    @Test func phx_4_GET_without_upgrade_headers_is_400_with_a_short_reason() async throws {
        try await TestServer.run(socket("/socket", ParamsSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.get("/socket/websocket?vsn=2.0.0&test=phx_4")
            #expect(answer.status == 400)
            #expect(answer["content-type"] == "text/plain; charset=utf-8")
            #expect(answer.text == "A WebSocket upgrade needs the header Connection: Upgrade. (bad_handshake)\n")
            // A plain GET must not cost an authentication.
            #expect(ParamsSocket.connectCalls(of: "phx_4") == 0)
            #expect(await server.statistics().upgradesRefused == 1)
        }
    }

    @Test func phx_5_another_version_than_13_is_400_and_told_the_right_one() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            let request = TestClient.upgradeRequest().replacing("Version: 13", with: "Version: 8")
            let answer = try await client.request(raw: request)
            #expect(answer.status == 400)
            #expect(answer.all("sec-websocket-version") == ["13"])
            #expect(answer.errorCode == "bad_handshake")
        }
    }

    @Test func phx_7_named_path_segments_are_connect_params() async throws {
        try await TestServer.run(paramsMount) { server in
            let client = try await TestClient.connect(server, path: "/ws/7/p/9?vsn=2.0.0")
            #expect(try await client.join("room:1").response == ["room": "7", "id": "9", "vsn": "2.0.0"])
        }
    }

    @Test func phx_8_path_params_win_over_query_params() async throws {
        try await TestServer.run(paramsMount) { server in
            let client = try await TestClient.connect(server, path: "/ws/7/p/9?room=1&vsn=2.0.0")
            #expect(try await client.join("room:1").response?["room"] == "7")
        }
    }

    /// What phoenix.js makes of `{a: {b: 1}, c: [2]}`, with its brackets escaped and as some clients write them.
    @Test(arguments: ["a%5Bb%5D=1&c%5B%5D=2", "a[b]=1&c[]=2"])
    func phx_9_query_params_arrive_nested(query: String) async throws {
        try await TestServer.run(socket("/socket", ParamsSocket.self)) { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket?\(query)&vsn=2.0.0")
            let response = try await client.join("room:1").response
            #expect(response == ["a": ["b": "1"], "c": ["2"], "vsn": "2.0.0"])
        }
    }

    private var paramsMount: EndpointPart {
        var websocket = WebSocketOptions()
        websocket.path = "/p/:id"
        return socket("/ws/:room", ParamsSocket.self, websocket: websocket)
    }
}
