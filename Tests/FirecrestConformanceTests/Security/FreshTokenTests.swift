// Firecrest — fresh tokens that clients present on live connections.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import Testing

@Suite("Fresh tokens")
struct FreshTokenTests {
    private static func run(
        _ wire: Wire = .v2, options: SocketOptions = SocketOptions(), endpoint: EndpointOptions = .test,
        pass: String = "", _ body: (World, TestClient) async throws -> Void
    ) async throws {
        try await World.run(PassSocket.self, wire: wire, socket: options, endpoint: endpoint) { world in
            try await body(world, try await world.connect(pass: pass))
        }
    }

    @Test(
        "a fresh token replaces the grant: what it does not name is closed, what it names can be joined",
        arguments: Wire.json)
    func replaces(wire: Wire) async throws {
        try await Self.run(wire, pass: "room:1;room:2") { world, client in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["2","2","room:2","phx_join",{}]
                <- ["2","2","room:2","phx_reply",{"status":"ok","response":{}}]
                -> [null,"3","phoenix","access_token",{"access_token":"room:2,write;room:3"}]
                <- [null,"3","phoenix","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{"reason":"unauthorized"}]
                -> ["2","4","room:2","echo",{}]
                <- ["2","4","room:2","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]
                -> ["2","5","room:2","write",{}]
                <- ["2","5","room:2","phx_reply",{"status":"ok","response":{}}]
                -> ["6","6","room:3","phx_join",{}]
                <- ["6","6","room:3","phx_reply",{"status":"ok","response":{}}]
                """)
            #expect(world.notes.contains("revoked room:1"))
            #expect(await world.server.statistics().tokensRefreshed == 1)
        }
    }

    @Test("the reply says when the grant ends, and the connection lives on past the old end", arguments: Wire.json)
    func prolongs(wire: Wire) async throws {
        try await Self.run(wire, pass: "until=0.6") { world, client in
            try await client.join("room:1")
            try await client.push(
                ref: "2", topic: "phoenix", event: "access_token", payloadJSON: #"{"access_token":"until=500"}"#)
            let reply = try await client.receiveMessage()
            #expect(reply.status == "ok")
            let left = try #require(reply.payload["response"]?["expires_in"]?.doubleValue)
            #expect((490...500).contains(left))
            try await Task.sleep(for: .milliseconds(700))
            try await client.play(
                """
                -> ["1","3","room:1","echo",{}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test("a token that is refused changes nothing, and the reason is told")
    func refused() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await Self.run(endpoint: options, pass: "room:1;id=u1") { world, client in
            try await client.play(
                #"""
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                -> [null,"2","phoenix","access_token",{"access_token":"bad"}]
                <- [null,"2","phoenix","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]
                -> [null,"3","phoenix","access_token",{"access_token":"explained"}]
                <- [null,"3","phoenix","phx_reply",{"status":"error","response":{"reason":"a \"quoted\" reason"}}]
                -> [null,"4","phoenix","access_token",{"access_token":"throw"}]
                <- [null,"4","phoenix","phx_reply",{"status":"error","response":{"reason":"refresh failed"}}]
                -> [null,"5","phoenix","access_token",{"access_token":"room:1;id=u2"}]
                <- [null,"5","phoenix","phx_reply",{"status":"error","response":{"reason":"the token is another client's"}}]
                -> [null,"6","phoenix","access_token",{"access_token":"until=-5;id=u1"}]
                <- [null,"6","phoenix","phx_reply",{"status":"error","response":{"reason":"token_expired"}}]
                -> [null,"7","phoenix","access_token",{"token":"room:1"}]
                <- [null,"7","phoenix","phx_reply",{"status":"error","response":{"reason":"no token"}}]
                -> [null,"8","phoenix","access_token",{"access_token":""}]
                <- [null,"8","phoenix","phx_reply",{"status":"error","response":{"reason":"no token"}}]
                -> ["1","9","room:1","echo",{}]
                <- ["1","9","room:1","phx_reply",{"status":"ok","response":{}}]
                """#)
            let statistics = await world.server.statistics()
            #expect(statistics.refreshesRefused == 7 && statistics.tokensRefreshed == 0)
        }
        let lines = log.lines.filter { $0.message == "A client's fresh token was refused." }
        #expect(lines.map { $0.metadata["reason"] }.contains("token_expired"))
        #expect(log.lines.contains { $0.message == "refresh threw." && $0.level == .error })
    }

    @Test("a socket that takes none says so")
    func defaultRefuses() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server)
            try await client.play(
                """
                -> [null,"1","phoenix","access_token",{"access_token":"x"}]
                <- [null,"1","phoenix","phx_reply",{"status":"error","response":{"reason":"this socket takes no fresh tokens"}}]
                """)
        }
    }

    @Test("one token at a time; the connection is served meanwhile, and its end ends the look at the token")
    func slow() async throws {
        try await Self.run(pass: "until=600") { world, client in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                -> [null,"2","phoenix","access_token",{"access_token":"wait"}]
                -> [null,"3","phoenix","access_token",{"access_token":"room:1"}]
                <- [null,"3","phoenix","phx_reply",{"status":"error","response":{"reason":"another token is being looked at"}}]
                -> ["1","4","room:1","echo",{}]
                <- ["1","4","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            world.gate("refresh").open()
            try await client.play(
                """
                <- [null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> [null,"5","phoenix","access_token",{"access_token":"room:1"}]
                <- [null,"5","phoenix","phx_reply",{"status":"ok","response":{}}]
                """)
        }
        try await Self.run { world, client in
            try await client.push(
                ref: "1", topic: "phoenix", event: "access_token", payloadJSON: #"{"access_token":"wait"}"#)
            try await world.wait(for: "refresh waits")
            client.drop()
            try await world.waitForClients(0)
            world.gate("refresh").open()
            #expect(await world.server.statistics().tokensRefreshed == 0)
        }
    }

    @Test("a refusal that is remembered is forgotten with a fresh token")
    func remembered() async throws {
        var options = SocketOptions()
        options.refusedJoins?.after = 1
        try await Self.run(options: options) { world, client in
            for (ref, count) in [("1", 1), ("2", 1)] {
                try await client.join(
                    "room:1", joinRef: .string(ref), ref: .string(ref), payloadJSON: #"{"refuse":true}"#)
                #expect(world.notes.count { $0 == "join room:1" } == count)
            }
            try await client.play(
                """
                -> [null,"3","phoenix","access_token",{"access_token":"room:*"}]
                <- [null,"3","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> ["4","4","room:1","phx_join",{"refuse":true}]
                <- ["4","4","room:1","phx_reply",{"status":"error","response":{"reason":"no"}}]
                """)
            #expect(world.notes.count { $0 == "join room:1" } == 2)
        }
    }

    // MARK: limits

    @Test func limit_grantLeeway() async throws {
        var options = SocketOptions()
        options.grantLeeway = .seconds(600)
        try await Self.run(options: options, pass: "until=-300") { _, client in
            try await client.heartbeat()
        }
        options.grantLeeway = .milliseconds(1_300)
        try await Self.run(options: options, pass: "until=-1") { _, client in
            let close = try await client.receiveClose()
            #expect(close.reason == "token_expired")
        }
    }

    @Test func limit_maxRefreshesPerMinute() async throws {
        var options = SocketOptions()
        options.maxRefreshesPerMinute = 2
        try await Self.run(options: options) { world, client in
            try await client.play(
                """
                -> [null,"1","phoenix","access_token",{"access_token":"room:*"}]
                <- [null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> [null,"2","phoenix","access_token",{"access_token":"bad"}]
                <- [null,"2","phoenix","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]
                -> [null,"3","phoenix","access_token",{"access_token":"room:*"}]
                """)
            let reply = try await client.receiveMessage()
            #expect(reply.payload["response"]?["reason"] == "rate limited")
            let wait = try #require(reply.payload["response"]?["retry_after_ms"]?.doubleValue)
            #expect((20_000...30_000).contains(wait))
            #expect(world.notes.count { $0 == "refresh" } == 1)
            #expect(await world.server.statistics().refreshesRefused == 2)
        }
    }

    @Test func limit_refreshTimeout() async throws {
        var options = SocketOptions()
        options.refreshTimeout = .milliseconds(50)
        try await Self.run(options: options) { world, client in
            try await client.play(
                """
                -> [null,"1","phoenix","access_token",{"access_token":"wait"}]
                <- [null,"1","phoenix","phx_reply",{"status":"error","response":{"reason":"refresh took too long"}}]
                """)
            #expect(await world.server.statistics().connectTimeouts == 1)
            world.gate("refresh").open()
            try await client.play("<- nothing")
        }
    }

    @Test func limit_freshTokenBytes() async throws {
        try await Self.run { _, client in
            // One part after the other, all of the same topic.
            let longest = "room:1" + String(repeating: ";", count: 65_536 - 6)
            try await client.play(
                """
                -> [null,"1","phoenix","access_token",{"access_token":"\(longest)"}]
                <- [null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> [null,"2","phoenix","access_token",{"access_token":"\(longest);"}]
                <- [null,"2","phoenix","phx_reply",{"status":"error","response":{"reason":"no token"}}]
                """)
        }
    }

    @Test func limit_grantTopics() async throws {
        try await Self.run { _, client in
            let many = Array(repeating: "room:1", count: SocketGrant.maxTopics).joined(separator: ";")
            try await client.play(
                """
                -> [null,"1","phoenix","access_token",{"access_token":"\(many)"}]
                <- [null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> [null,"2","phoenix","access_token",{"access_token":"\(many);room:2"}]
                <- [null,"2","phoenix","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]
                """)
        }
    }
}
