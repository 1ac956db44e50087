// Firecrest — joining: the reply, refusals, null join refs, what a channel starts with (rows 101-107, 116-119)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import Testing

@Suite("Join")
struct JoinTests {
    // MARK: the reply

    @Test("is answered with ok, under the join's refs", arguments: Wire.all)
    func phx_101_reply(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["7","9","room:1","phx_join",{}]
                <- ["7","9","room:1","phx_reply",{"status":"ok","response":{}}]
                <- nothing
                """)
        }
    }

    @Test("carries what join returned", arguments: Wire.all)
    func phx_102_response(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"response":{"seen":[1,2],"name":"Ada"}}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{"seen":[1,2],"name":"Ada"}}]
                -> ["2","2","room:2","phx_join",{"response":[1,null]}]
                <- ["2","2","room:2","phx_reply",{"status":"ok","response":[1,null]}]
                """)
        }
    }

    @Test("a refusal carries its reason, and nothing follows it", arguments: Wire.all)
    func phx_103_refused(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"refuse":{"code":17}}]
                <- ["1","1","room:1","phx_reply",{"status":"error","response":{"code":17}}]
                <- nothing
                -> ["1","2","room:1","echo",{}]
                <- [null,"2","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                -> ["3","3","room:1","phx_join",{}]
                <- ["3","3","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            #expect(world.notes == [], "a join that was refused is not terminated")
        }
    }

    @Test(
        "a topic that no route takes is unmatched, with a null join_ref and a warning in the log", arguments: Wire.all)
    func phx_104_no_route(wire: Wire) async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await World.run(JoinSocket.self, wire: wire, endpoint: options) { world in
            try await world.connect().play(
                """
                -> ["1","2","nope","phx_join",{}]
                <- [null,"2","nope","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                <- nothing
                """)
            #expect(log.lines.contains { $0.level == .warning && $0.message.contains("topic") })
        }
    }

    @Test("a join that throws is answered as crashed; other topics are unaffected", arguments: Wire.all)
    func phx_105_join_throws(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["2","2","room:2","phx_join",{"throw":true}]
                <- ["2","2","room:2","phx_reply",{"status":"error","response":{"reason":"join crashed"}}]
                <- nothing
                -> ["1","3","room:1","echo",{"still":"here"}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{"still":"here"}}]
                -> ["4","4","room:2","phx_join",{}]
                <- ["4","4","room:2","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test(
        "to push, broadcast or take a reply ref in join is an error, and nothing of it is sent",
        arguments: ["push", "broadcast", "broadcast_from", "reply_ref"], Wire.all)
    func phx_106_push_in_join(deed: String, wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"\(deed)"}]
                <- ["1","1","room:1","phx_reply",{"status":"error","response":{"reason":"join crashed"}}]
                <- nothing
                """)
            try await other.play("<- nothing")
        }
    }

    @Test("a message to oneself in join is handled after the reply", arguments: Wire.all)
    func phx_107_after_join(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"welcome"}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1",null,"room:1","welcome",{}]
                """)
        }
    }

    @Test(
        "a reply that cannot be encoded is a crashed join, not a silent one",
        arguments: ["bytes", "refuse_bytes", "nan"])
    func replyThatCannotBeEncoded(deed: String) async throws {
        try await World.run(JoinSocket.self) { world in
            let client = try await world.connect(vsn: "1.0.0")
            try await client.play(
                """
                -> {"join_ref":"1","ref":"1","topic":"room:1","event":"phx_join","payload":{"do":"\(deed)"}}
                <- {"ref":"1","topic":"room:1","event":"phx_reply","payload":{"status":"error","response":{"reason":"join crashed"}}}
                -> {"ref":"2","topic":"room:1","event":"echo","payload":{}}
                <- {"ref":"2","topic":"room:1","event":"phx_reply","payload":{"status":"error","response":{"reason":"unmatched topic"}}}
                """)
        }
    }

    // MARK: null join refs

    @Test(
        "without a join_ref the ref takes its place in pushes and replies, but not in the join's reply or the close",
        arguments: Wire.all)
    func phx_116_null_join_ref(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> [null,"60","room:1","phx_join",{}]
                <- [null,"60","room:1","phx_reply",{"status":"ok","response":{}}]
                -> [null,"61","room:1","push",{}]
                <- ["60",null,"room:1","pushed",{}]
                -> [null,"62","room:1","echo",{}]
                <- ["60","62","room:1","phx_reply",{"status":"ok","response":{}}]
                -> [null,"63","room:1","phx_leave",{}]
                <- ["60","63","room:1","phx_reply",{"status":"ok","response":{}}]
                <- [null,null,"room:1","phx_close",{}]
                """)
        }
    }

    @Test("joined without a join_ref, messages with any join_ref are taken", arguments: Wire.all)
    func phx_117_any_join_ref_after_a_null_one(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> [null,"60","room:1","phx_join",{}]
                <- [null,"60","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["60","61","room:1","echo",{}]
                <- ["60","61","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    // MARK: what a channel starts with

    @Test("the route's assigns are laid over the connection's", arguments: Wire.all)
    func phx_118_route_assigns(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","2","room:1","k",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"k":0}}]
                -> ["2","3","one:1","phx_join",{}]
                <- ["2","3","one:1","phx_reply",{"status":"ok","response":{}}]
                -> ["2","4","one:1","k",{}]
                <- ["2","4","one:1","phx_reply",{"status":"ok","response":{"k":1}}]
                """)
        }
    }

    @Test("two clients on one topic: one leaves, the other stays", arguments: Wire.all)
    func phx_119_two_sockets(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { first, world in
            let second = try await world.connect()
            for client in [first, second] { try await client.join("room:1") }
            try await first.play(
                """
                -> ["1","2","room:1","phx_leave",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                """)
            try await second.play(#"<- [null,null,"room:1","gone",{"name":""}]"#)
            try world.broadcast("room:1", "news")
            try await second.play(
                """
                <- [null,null,"room:1","news",{}]
                -> ["1","2","room:1","echo",{"a":1}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
            try await first.play("<- nothing")
        }
    }

    // MARK: a connection that goes meanwhile

    @Test(
        "a join that is decided after the connection went is terminated, and may still tell the others",
        arguments: Wire.all)
    func connectionClosedWhileJoining(wire: Wire) async throws {
        try await JoinSocket.connected(wire, longpoll: .brief) { client, world in
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.send(#"["1","1","room:1","phx_join",{"do":"wait","name":"late"}]"#)
            try await world.wait(for: "joining")
            client.drop()
            try await world.waitForClients(1)
            #expect(!world.notes.contains { $0.hasPrefix("terminate") })
            world.gate("join").open()
            try await world.wait(for: "terminate late: closed")
            try await other.play(#"<- [null,null,"room:1","gone",{"name":"late"}]"#)
            #expect(await world.server.statistics().channelsOpen == 1)
        }
    }
}
