// Firecrest — what a client's grant allows, over real connections of every kind.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Grants")
struct GrantTests {
    @Test("a topic that is not granted is refused before its channel runs", arguments: Wire.all)
    func join(wire: Wire) async throws {
        try await World.run(PassSocket.self, wire: wire) { world in
            let client = try await world.connect(pass: "room:1")
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["2","2","room:2","phx_join",{}]
                <- ["2","2","room:2","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]
                -> ["3","3","other","phx_join",{}]
                <- [null,"3","other","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                """)
            #expect(world.notes == ["join room:1"])
            #expect(await world.server.statistics().joinsUnauthorized == 1)
        }
    }

    @Test("an event that is not granted is answered with an error; leaving is always possible", arguments: Wire.all)
    func events(wire: Wire) async throws {
        try await World.run(PassSocket.self, wire: wire) { world in
            let client = try await world.connect(pass: "room:*,echo")
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","2","room:1","echo",{"a":1}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                -> ["1","3","room:1","write",{"a":1}]
                <- ["1","3","room:1","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]
                -> ["1","4","room:1","phx_leave",{}]
                <- ["1","4","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                """)
            #expect(await world.server.statistics().eventsUnauthorized == 1)
        }
    }

    @Test("a client that may only listen gets broadcasts", arguments: Wire.json)
    func listening(wire: Wire) async throws {
        try await World.run(PassSocket.self, wire: wire) { world in
            let client = try await world.connect(pass: "room:*,none")
            try await client.join("room:1")
            try world.broadcast("room:1", "news", ["n": 1])
            try await client.play(
                """
                <- [null,null,"room:1","news",{"n":1}]
                -> ["1","2","room:1","echo",{}]
                <- ["1","2","room:1","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]
                """)
        }
    }

    @Test("a connection ends with its grant, with 1008", arguments: Wire.json)
    func wholeExpires(wire: Wire) async throws {
        try await World.run(PassSocket.self, wire: wire) { world in
            let client = try await world.connect(pass: "until=0.3;id=u1")
            try await client.join("room:1")
            if wire.carrier.hasCloseCodes {
                let close = try await client.receiveClose()
                #expect(close.code == 1008 && close.reason == "token_expired")
                client.drop()
            }
            try await world.waitForClients(0)
            // A client that polls comes again by itself.
            #expect(await world.server.statistics().socketsExpired >= 1)
        }
    }

    @Test("a client whose grant is over already is refused")
    func expiredAtConnect() async throws {
        try await World.run(PassSocket.self) { world in
            await #expect(throws: TestFailure.self) { try await world.connect(pass: "until=-1") }
            _ = try await world.connect(pass: "until=60")
        }
    }

    @Test("a channel whose time is over ends with phx_error, and comes back with a fresh token", arguments: Wire.json)
    func topicExpires(wire: Wire) async throws {
        try await World.run(PassSocket.self, wire: wire) { world in
            let client = try await world.connect(pass: "room:1@0.4;room:2")
            try await client.play(
                """
                -> ["1","1","room:2","phx_join",{}]
                <- ["1","1","room:2","phx_reply",{"status":"ok","response":{}}]
                -> ["2","2","room:1","phx_join",{}]
                <- ["2","2","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["2","2","room:1","phx_error",{"reason":"token_expired"}]
                -> ["3","3","room:1","phx_join",{}]
                <- ["3","3","room:1","phx_reply",{"status":"error","response":{"reason":"token_expired"}}]
                -> [null,"4","phoenix","access_token",{"access_token":"room:1;room:2"}]
                <- [null,"4","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> ["5","5","room:1","phx_join",{}]
                <- ["5","5","room:1","phx_reply",{"status":"ok","response":{}}]
                <- nothing
                """)
            #expect(world.notes.count { $0 == "revoked room:1" } == 1)
            #expect(await world.server.statistics().channelsRevoked == 1)
        }
    }

    @Test("the time of a channel may end while its join, or its handler, runs")
    func topicExpiresWhileBusy() async throws {
        try await World.run(PassSocket.self) { world in
            let client = try await world.connect(pass: "room:1@0.5;room:2@0.5")
            try await client.play(
                """
                -> ["1","1","room:2","phx_join",{}]
                <- ["1","1","room:2","phx_reply",{"status":"ok","response":{}}]
                -> ["1","2","room:2","wait",{}]
                -> ["3","3","room:1","phx_join",{"wait":true}]
                """)
            let first = try await client.receiveMessage()
            let second = try await client.receiveMessage()
            let messages = [first, second].sorted { $0.event.stringValue ?? "" < $1.event.stringValue ?? "" }
            #expect(messages[0].topic == "room:2" && messages[0].event == "phx_error")
            #expect(messages[0].payload == ["reason": "token_expired"])
            #expect(messages[1].topic == "room:1" && messages[1].ref == "3")
            #expect(messages[1].payload == ["status": "error", "response": ["reason": "token_expired"]])
            #expect(!world.notes.contains { $0.hasPrefix("revoked") })
            world.gate("event").open()
            world.gate("join").open()
            try await world.wait(for: "revoked room:2")
            try await world.wait(for: "revoked room:1")
            try await client.play("<- nothing")
        }
    }

    @Test("one socket's expiry is no other's")
    func independence() async throws {
        try await World.run(PassSocket.self) { world in
            let stays = try await world.connect(pass: "until=600")
            let goes = try await world.connect(pass: "until=0.2")
            _ = try await goes.receiveClose()
            try await stays.heartbeat()
        }
    }

    @Test("an event stream of one topic ends when that is not granted any more")
    func oneWayStream() async throws {
        try await World.run(PassSocket.self) { world in
            let stream = try await TestClient.open(world.server)
            try await stream.sendBytes(
                "GET /socket/sse?world=\(world.id)&topic=room:1&pass=room:1@0.4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            let text = try await stream.receiveText(through: "token_expired")
            #expect(text.contains("200 OK") && text.contains("phx_error"))
            try await world.waitForClients(0)
        }
    }
}
