// Firecrest — sockets with an id, and ending them through it (rows 18, 19, 143, 144)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import Testing

@Suite("Socket id")
struct SocketIDTests {
    static func connect(_ server: TestServer, _ id: String? = nil, vsn: String = "2.0.0") async throws -> TestClient {
        try await TestClient.connect(
            server, path: "/socket/websocket?vsn=\(vsn)" + (id.map { "&id=\($0)" } ?? ""))
    }

    /// The type of an id is checked by the compiler here; what is left to refuse is its length.
    @Test("that is no usable name is refused, with a warning", arguments: [0, 1_025])
    func phx_18_bad_id(bytes: Int) async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        try await TestServer.run(options: options, socket("/socket", NamedSocket.self)) { server in
            let client = try await TestClient.open(server)
            let id = String(repeating: "x", count: bytes)
            let answer = try await client.upgrade("/socket/websocket?vsn=2.0.0&id=\(id)")
            #expect(answer.status == 403)
            #expect(answer.text.isEmpty)
        }
        #expect(log.lines.contains { $0.level == .warning && $0.metadata["bytes"] == "\(bytes)" })
    }

    @Test("that is nil subscribes to nothing")
    func phx_19_no_id() async throws {
        try await TestServer.run(socket("/socket", NamedSocket.self)) { server in
            let client = try await Self.connect(server)
            // What a missing id could be taken for.
            for topic in ["", "nil", "null"] { try server.endpoint.broadcast(Topic(topic), "disconnect", .empty) }
            try await client.heartbeat()
            #expect(await server.statistics().socketsDisconnected == 0)
        }
    }

    @Test("another event on it does nothing")
    func phx_143_other_event() async throws {
        try await TestServer.run(socket("/socket", NamedSocket.self)) { server in
            let client = try await Self.connect(server, "user:1")
            try server.endpoint.broadcast("user:1", "other_event", .empty)
            try await client.heartbeat()
        }
    }

    @Test("disconnect closes every connection of that id with 1001, and no other", arguments: ["1.0.0", "2.0.0"])
    func phx_144_disconnect(vsn: String) async throws {
        try await TestServer.run(socket("/socket", NamedSocket.self)) { server in
            let gone = try await TestClient.crowd(4) { try await Self.connect(server, "user:1", vsn: vsn) }
            let stays = try await Self.connect(server, "user:10")
            for client in gone {
                try await client.sendText(
                    vsn == "2.0.0"
                        ? #"["1","1","room:1","phx_join",{}]"#
                        : #"{"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}"#)
                #expect(try await client.receiveText().contains(#""status":"ok""#))
            }
            try server.endpoint.disconnect("user:1")
            // No phx_close or phx_error comes first: the close frame is the next.
            for client in gone {
                guard case .close(let code, _) = try await client.receive() else {
                    Issue.record("a close frame was expected")
                    continue
                }
                #expect(code == 1001)
                client.drop()
            }
            try await stays.heartbeat()
            let statistics = try await server.waitForStatistics("the channels are gone") {
                $0.channelsOpen == 0 && $0.webSocketsOpen == 1
            }
            #expect(statistics.socketsDisconnected == 4)
            // Nobody is left to hear it.
            try server.endpoint.disconnect("user:1")
        }
    }

    @Test("a channel's broadcast of disconnect ends it too, whatever its payload")
    func anyPayload() async throws {
        try await TestServer.run(socket("/socket", NamedSocket.self)) { server in
            let client = try await Self.connect(server, "user:1")
            try server.endpoint.broadcast("user:1", "disconnect", ["why": "rude"] as JSON)
            guard case .close(1001, _) = try await client.receive() else {
                Issue.record("a close frame with 1001 was expected")
                return
            }
        }
    }
}

/// Its id is what the client asks for.
struct NamedSocket: Socket {
    private static let userID = AssignKey<String>("user_id")

    static var channels: Channels { Channels { channel("room:*", Quiet.self) } }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        var assigns = Assigns()
        assigns[userID] = params.string("id")
        return assigns
    }

    static func id(_ assigns: Assigns) -> String? { assigns[userID] }
}

private final class Quiet: Firecrest.Channel {
    init(topic: Topic) {}
    static var events: [Event<Quiet>] {}
}
