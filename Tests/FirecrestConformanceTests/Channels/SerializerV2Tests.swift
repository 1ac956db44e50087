// Firecrest — arrays of five through a real socket: shapes, types, and payloads that cannot be sent (rows 76-85)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

/// About the arrays themselves; what channels do over every serializer is in the scenarios of the other files.
@Suite("Serializer V2 on the wire")
struct SerializerV2Tests {
    static func joined(_ body: (TestClient, World) async throws -> Void) async throws {
        try await World.run(SerializerSocket.self) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try await body(client, world)
        }
    }

    @Test("the sixth element of an array is ignored")
    func phx_76_six_elements() async throws {
        try await Self.joined { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","echo",{"a":1},{"six":6}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
        }
    }

    @Test("an array of three elements closes the connection")
    func phx_77_three_elements() async throws {
        try await Self.joined { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1"]
                <- close 1011
                """)
        }
    }

    @Test("text that is no JSON closes the connection", arguments: ["hello", "", #"["1","2","room:1","echo",{}"#])
    func phx_78_not_json(text: String) async throws {
        try await Self.joined { client, _ in
            try await client.sendText(text)
            #expect(try await client.receiveClose().code == 1011)
        }
    }

    @Test("a ref that is a number comes back as a number")
    func phx_79_number_ref() async throws {
        try await Self.joined { client, _ in
            try await client.play(
                """
                -> ["1",14,"room:1","echo",{}]
                <- ["1",14,"room:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test("a ref that is null comes back as null")
    func phx_80_null_ref() async throws {
        try await Self.joined { client, _ in
            try await client.play(
                """
                -> ["1",null,"room:1","echo",{}]
                <- ["1",null,"room:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test("a payload that is null reaches the handler as null")
    func phx_81_null_payload() async throws {
        try await Self.joined { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","kind",null]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"is_null":true}}]
                -> ["1","3","room:1","kind",{}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{"is_null":false}}]
                """)
        }
    }

    @Test("a topic that is a number matches nothing, and comes back as a number")
    func phx_82_number_topic() async throws {
        try await Self.joined { client, _ in
            try await client.play(
                """
                -> ["1","2",7,"phx_join",{}]
                <- [null,"2",7,"phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                """)
        }
    }

    @Test("a reply's payload may be an array")
    func phx_83_array_reply() async throws {
        try await Self.joined { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","array",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":[1,[2,null]]}]
                -> ["1","3","room:1","echo",[1,2]]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":[1,2]}]
                """)
        }
    }

    @Test("a push of something that is no object ends the channel, not the connection")
    func phx_84_push_of_a_non_object() async throws {
        try await Self.joined { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","push_array",{}]
                <- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]
                -> ["1","3","room:1","echo",{}]
                <- [null,"3","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                -> ["4","4","room:1","phx_join",{}]
                <- ["4","4","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test("a broadcast of something that is no object is an error for the broadcaster, and nothing is sent")
    func phx_85_broadcast_of_a_non_object() async throws {
        try await Self.joined { client, world in
            for payload in [[1, 2], "text", nil, 7] as [JSON] {
                let error = #expect(throws: PayloadError.self) { try world.broadcast("room:1", "news", payload) }
                #expect(error?.code == .notAnObject)
            }
            try world.broadcast("room:1", "news", ["n": 1])
            try await client.play(#"<- [null,null,"room:1","news",{"n":1}]"#)
        }
    }

    @Test("in a channel it ends that channel; the other subscribers hear nothing")
    func broadcastOfANonObjectInAChannel() async throws {
        try await Self.joined { client, world in
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.play(
                """
                -> ["1","2","room:1","broadcast_array",{}]
                <- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]
                """)
            try world.broadcast("room:1", "news")
            try await other.play(#"<- [null,null,"room:1","news",{}]"#)
            try await client.play("<- nothing")
        }
    }

    @Test("escapes in topic and event stand for what they say, and payloads pass through byte by byte")
    func escapes() async throws {
        try await Self.joined { client, _ in
            try await client.sendText(#"["1","2","\u0072oom:1","\u0065cho",{ "a" : "\u00e4\/\ud83c\udfd4" } ]"#)
            #expect(
                try await client.receiveText()
                    == #"["1","2","room:1","phx_reply",{"status":"ok","response":{ "a" : "\u00e4\/\ud83c\udfd4" }}]"#)
        }
    }

    @Test(
        "a ref of more than 256 bytes, a topic or an event of more than 1,024 closes the connection",
        arguments: [
            ("ref_too_long", #"["1","X","room:1","echo",{}]"#, 255),
            ("ref_too_long", #"["X","2","room:1","echo",{}]"#, 255),
            ("topic_too_long", #"["1","2","X","echo",{}]"#, 1_025),
            ("event_too_long", #"["1","2","room:1","X",{}]"#, 1_025),
        ])
    func limits(code: String, message: String, tooMany: Int) async throws {
        try await Self.joined { client, _ in
            // At the limit: an answer of some kind, or a message that is dropped as stale.
            try await client.sendText(message.replacing("X", with: String(repeating: "x", count: tooMany - 1)))
            try await client.push(ref: "h", topic: "phoenix", event: "heartbeat")
            while try await client.receiveMessage().ref != "h" {}

            try await client.sendText(message.replacing("X", with: String(repeating: "x", count: tooMany)))
            let close = try await client.receiveClose()
            #expect(close.code == 1011)
            #expect(close.reason.hasPrefix(code + ": "))
        }
    }

    @Test("what is undecodable ends every channel of that connection, and no other connection")
    func undecodable() async throws {
        try await Self.joined { client, world in
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.play(
                """
                -> ["2","2","room:2","phx_join",{}]
                <- ["2","2","room:2","phx_reply",{"status":"ok","response":{}}]
                -> nonsense
                <- close 1011
                """)
            client.drop()
            try await world.wait(for: "closed room:1")
            try await world.wait(for: "closed room:2")
            #expect(world.notes.count { $0 == "closed room:1" } == 1)
            try await other.play("<- nothing")
        }
    }
}

private struct SerializerSocket: WorldSocket {
    static let channels = Channels { channel("room:*", SerializerRoom.self) }
}

private final class SerializerRoom: Channel {
    init(topic: Topic) {}

    static var events: [Event<SerializerRoom>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("kind") { _, payload, _ in .ok(["is_null": .bool(try payload.decode(JSON.self).isNull)]) }
        on("array") { _, _, _ in .ok([1, [2, nil]] as JSON) }
        on("push_array") { _, _, socket in
            socket.push("list", [1, 2] as JSON)
            return .ok
        }
        on("broadcast_array") { _, _, socket in
            socket.broadcast("list", [1, 2] as JSON)
            return .ok
        }
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {
        if case .closed = reason { socket.world?.note("closed \(socket.topic)") }
    }
}
