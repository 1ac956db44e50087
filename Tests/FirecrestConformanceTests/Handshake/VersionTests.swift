// Firecrest — conformance: `vsn` chooses the serializer.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import Testing

@Suite struct VersionTests {
    @Test func phx_10_without_vsn_an_object_as_first_frame_chooses_V1() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket")
            try await client.sendText(#"{"topic":"room:1","event":"phx_join","payload":{},"ref":"1","join_ref":"1"}"#)
            #expect(
                try await client.receiveJSON() == [
                    "topic": "room:1", "event": "phx_reply", "ref": "1", "payload": ["status": "ok", "response": [:]],
                ])
        }
    }

    /// Firecrest's own: a bare `new WebSocket(url)` with the array of every tutorial works.
    @Test func phx_10_without_vsn_an_array_as_first_frame_chooses_V2() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket")
            #expect(try await client.join("room:1").status == "ok")
        }
    }

    /// The choice of the first frame is for good.
    @Test func phx_10_without_vsn_the_second_frame_decides_nothing() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket")
            try await client.heartbeat()
            try await client.sendText(#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"2"}"#)
            #expect(try await client.receiveClose().code == 1011)
        }
    }

    @Test func phx_10_an_explicit_1_0_0_is_V1() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=1.0.0")
            try await client.sendText(#"[null,"1","phoenix","heartbeat",{}]"#)
            #expect(try await client.receiveClose().code == 1011)
        }
    }

    @Test(arguments: ["2.0.0", "2.0.9", "2.0.1-rc.1", "2.0.0+b1"])
    func phx_11_any_2_0_version_is_V2(version: String) async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let escaped = version.replacing("+", with: "%2B")
            let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=\(escaped)")
            #expect(try await client.heartbeat().status == "ok")
        }
    }

    @Test(arguments: ["2.1.0", "3.0.0", "1.1.0", "2.0.0-rc.1"])
    func phx_12_a_version_that_is_not_served_is_403_before_connect(version: String) async throws {
        try await expectRefused("vsn=\(version)", test: "phx_12_\(version)")
    }

    @Test(arguments: ["2.0", "2", "02.0.0", "", "2.0.0.0", "x"])
    func phx_13_what_is_not_a_full_version_is_403(version: String) async throws {
        try await expectRefused("vsn=\(version)", test: "phx_13_\(version)")
    }

    @Test(arguments: ["vsn[]=2.0.0", "vsn[a]=2.0.0"])
    func phx_14_a_vsn_that_is_no_string_is_403(query: String) async throws {
        try await expectRefused(query, test: "phx_14_\(query.utf8.count)")
    }

    private func expectRefused(_ query: String, test: String) async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        try await TestServer.run(options: options, socket("/socket", ParamsSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade("/socket/websocket?\(query)&test=\(test)")
            #expect(answer.status == 403)
            #expect(answer.text.isEmpty)
            #expect(answer.errorCode == "unsupported_vsn")
            #expect(ParamsSocket.connectCalls(of: test) == 0)
            let statistics = await server.statistics()
            #expect(statistics.upgradesAccepted == 0)
            #expect(statistics.upgradesRefused == 1)
        }
        #expect(log.lines.contains { $0.level == .warning && $0.metadata["vsn"] != nil })
    }
}
