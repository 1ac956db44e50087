// Firecrest — joining a topic that is joined already (rows 112-115)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Join again")
struct DuplicateJoinTests {
    @Test("a topic that is joined again: first the new join's reply, then the old one's close", arguments: Wire.all)
    func phx_112_duplicate(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{}]
                <- ["10","10","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["30","30","room:1","phx_join",{"do":"welcome"}]
                <- ["30","30","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                <- ["30",null,"room:1","welcome",{}]
                <- nothing
                """)
        }
    }

    @Test("afterwards pushes carry the new join_ref, and one channel lives", arguments: Wire.all)
    func phx_113_one_lives(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{}]
                <- ["10","10","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["30","30","room:1","phx_join",{}]
                <- ["30","30","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                -> ["30","31","room:1","push",{}]
                <- ["30",null,"room:1","pushed",{}]
                -> ["10","32","room:1","push",{}]
                <- nothing
                """)
            try world.broadcast("room:1", "news")
            try await client.play(
                """
                <- [null,null,"room:1","news",{}]
                <- nothing
                """)
            #expect(await world.server.statistics().channelsOpen == 1)
        }
    }

    @Test("the old channel is not terminated", arguments: Wire.all)
    func phx_114_no_terminate(wire: Wire) async throws {
        try await JoinSocket.connected(wire, longpoll: .brief) { client, world in
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{"name":"old"}]
                <- ["10","10","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["30","30","room:1","phx_join",{"name":"new"}]
                <- ["30","30","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                -> ["30","31","room:1","phx_leave",{}]
                <- ["30","31","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["30","30","room:1","phx_close",{}]
                """)
            client.drop()
            try await world.waitForClients(0)
            #expect(world.notes == ["terminate new: left"])
        }
    }

    @Test(
        "the old channel's answers and pushes are lost, whenever its handler ends",
        arguments: ["busy", "busy_offloaded"], Wire.all)
    func phx_115_old_handler_busy(event: String, wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{"name":"old"}]
                <- ["10","10","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["10","11","room:1","\(event)",{"world":"\(world.id)"}]
                -> ["10","12","room:1","echo",{}]
                -> ["30","30","room:1","phx_join",{"name":"new"}]
                <- ["30","30","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                """)
            world.gate("busy").open()
            try await world.wait(for: "busy is done")
            try await client.play(
                """
                <- nothing
                -> ["30","31","room:1","echo",{}]
                <- ["30","31","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            #expect(world.notes == ["busy is done"], "nor is it terminated")
        }
    }

    @Test(
        "a join that is still being decided may be replaced: its outcome is lost, its close follows the new reply",
        arguments: Wire.all)
    func duplicateOfAPendingJoin(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{"do":"wait","name":"old"}]
                -> ["10","11","room:1","echo",{}]
                -> ["30","30","room:1","phx_join",{"name":"new"}]
                <- ["30","30","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                """)
            world.gate("join").open()
            try await world.wait(for: "joined")
            try world.broadcast("room:1", "news")
            try await client.play(
                """
                <- [null,null,"room:1","news",{}]
                <- nothing
                -> ["30","31","room:1","echo",{}]
                <- ["30","31","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            #expect(await world.server.statistics().channelsOpen == 1)
            #expect(!world.notes.contains { $0.hasPrefix("terminate") })
        }
    }

    @Test(
        "every join that was replaced is closed, the oldest first, once the last one is answered", arguments: Wire.all)
    func chainOfPendingJoins(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{}]
                <- ["10","10","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["20","20","room:1","phx_join",{"do":"wait"}]
                -> ["30","30","room:1","phx_join",{"do":"wait"}]
                -> ["40","40","room:1","phx_join",{}]
                <- ["40","40","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                <- ["20","20","room:1","phx_close",{}]
                <- ["30","30","room:1","phx_close",{}]
                <- nothing
                """)
        }
    }

    @Test("joining again and again while handlers run does not get round the limit of channels", arguments: Wire.all)
    func replacedChannelsAreBounded(wire: Wire) async throws {
        var options = SocketOptions()
        options.maxChannels = 3
        try await World.run(JoinSocket.self, wire: wire, socket: options) { world in
            let client = try await world.connect()
            // Each of these keeps a task of user code alive until its join is decided.
            for number in 1...4 {
                try await client.send(#"["\#(number)","\#(number)","room:1","phx_join",{"do":"wait"}]"#)
            }
            try await client.play(
                """
                -> ["5","5","room:1","phx_join",{"do":"wait"}]
                <- ["5","5","room:1","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]
                """)
            #expect(world.notes.count { $0 == "joining" } == 4)
            world.gate("join").open()
            try await client.play(
                """
                <- ["4","4","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                <- ["2","2","room:1","phx_close",{}]
                <- ["3","3","room:1","phx_close",{}]
                -> ["6","6","room:1","phx_join",{}]
                <- ["6","6","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["4","4","room:1","phx_close",{}]
                """)
        }
    }

    @Test("a join again that is refused still closes the old one, after the refusal", arguments: Wire.all)
    func refusedDuplicate(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{}]
                <- ["10","10","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["30","30","room:1","phx_join",{"refuse":{"reason":"no"}}]
                <- ["30","30","room:1","phx_reply",{"status":"error","response":{"reason":"no"}}]
                <- ["10","10","room:1","phx_close",{}]
                -> ["10","11","room:1","echo",{}]
                <- [null,"11","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                """)
        }
    }
}
