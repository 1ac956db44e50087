// Firecrest — limits of the memory for refused joins, reached through a real socket.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite struct RefusedJoinLimitTests {
    @Test func limit_refusedJoinTopics() async throws {
        try await refusing({ $0.maxTopics = 1 }) { server, client in
            try await expectKnown(server, client, "room:1", count: 1)
            // The next topic takes the only place.
            try await expectKnown(server, client, "room:2", count: 2)
            try await expectKnown(server, client, "room:1", count: 3)
        }
    }

    @Test func limit_refusedJoinResponseBytes() async throws {
        // {"reason":"…"} of a thousand bytes and of one more.
        try await refusing({ $0.maxResponseBytes = 1_000 }) { server, client in
            try await expectKnown(server, client, "room:1", payload: #"{"bytes":1000}"#, count: 1)
            for _ in 0..<3 { try await join(client, "room:2", #"{"bytes":1001}"#) }
            #expect(await server.statistics().joinsRefusedFromMemory == 1)
        }
    }

    /// The first join is asked about, the second is answered from memory.
    private func expectKnown(
        _ server: TestServer, _ client: TestClient, _ topic: String, payload: String = "{}", count: Int
    ) async throws {
        try await join(client, topic, payload)
        #expect(await server.statistics().joinsRefusedFromMemory == count - 1)
        try await join(client, topic, payload)
        #expect(await server.statistics().joinsRefusedFromMemory == count)
    }

    private func join(_ client: TestClient, _ topic: String, _ payload: String) async throws {
        #expect(try await client.join(topic, payloadJSON: payload).status == "error")
    }

    private func refusing(
        _ limit: (inout RefusedJoinLimits) -> Void, _ body: (TestServer, TestClient) async throws -> Void
    ) async throws {
        var limits = RefusedJoinLimits()
        limits.after = 1
        limit(&limits)
        var options = SocketOptions()
        options.refusedJoins = limits
        try await TestServer.run(socket("/socket", RefusingSocket.self, options: options)) { server in
            try await body(server, try await TestClient.connect(server))
        }
    }
}

private struct RefusingSocket: Socket {
    static let channels = Channels {
        channel("room:*", RefusingChannel.self)
    }
}

private final class RefusingChannel: Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        let bytes = Int((try params.decode(JSON.self))["bytes"]?.doubleValue ?? 20)
        return .error(["reason": .string(String(repeating: "x", count: bytes - 13))] as JSON)
    }

    static var events: [Event<RefusingChannel>] {}
}
