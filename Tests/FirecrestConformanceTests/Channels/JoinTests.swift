// Firecrest — joining: the reply, refusals, limits, and joining again (rows 101-119)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import Testing

@Suite("Join")
struct JoinTests {
    static func connected(_ body: (TestClient, World) async throws -> Void) async throws {
        try await World.run(JoinSocket.self) { world in try await body(try await world.connect(), world) }
    }

    // MARK: the reply

    @Test("is answered with ok, under the join's refs")
    func phx_101_reply() async throws {
        try await Self.connected { client, _ in
            try await client.play(
                """
                -> ["7","9","room:1","phx_join",{}]
                <- ["7","9","room:1","phx_reply",{"status":"ok","response":{}}]
                <- nothing
                """)
        }
    }

    @Test("carries what join returned")
    func phx_102_response() async throws {
        try await Self.connected { client, _ in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"response":{"seen":[1,2],"name":"Ada"}}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{"seen":[1,2],"name":"Ada"}}]
                -> ["2","2","room:2","phx_join",{"response":[1,null]}]
                <- ["2","2","room:2","phx_reply",{"status":"ok","response":[1,null]}]
                """)
        }
    }

    @Test("a refusal carries its reason, and nothing follows it")
    func phx_103_refused() async throws {
        try await Self.connected { client, world in
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

    @Test("a topic that no route takes is unmatched, with a null join_ref and a warning in the log")
    func phx_104_no_route() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await World.run(JoinSocket.self, endpoint: options) { world in
            try await world.connect().play(
                """
                -> ["1","2","nope","phx_join",{}]
                <- [null,"2","nope","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                <- nothing
                """)
            #expect(log.lines.contains { $0.level == .warning && $0.message.contains("topic") })
        }
    }

    @Test("a join that throws is answered as crashed; other topics are unaffected")
    func phx_105_join_throws() async throws {
        try await Self.connected { client, _ in
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
        arguments: ["push", "broadcast", "broadcast_from", "reply_ref"])
    func phx_106_push_in_join(deed: String) async throws {
        try await Self.connected { client, world in
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

    @Test("a message to oneself in join is handled after the reply")
    func phx_107_after_join() async throws {
        try await Self.connected { client, _ in
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

    // MARK: order

    @Test("no broadcast comes before the reply; after it they come in order, without a gap")
    func phx_108_broadcasts_during_join() async throws {
        try await Self.connected { client, world in
            let watcher = try await world.connect()
            try await watcher.join("room:1")

            // Until the test is over, as fast as one task can.
            let broadcaster = Task {
                var number = 0
                while !Task.isCancelled, number < 200_000 {
                    try world.broadcast("room:1", "tick", ["n": .integer(Int64(number))])
                    number += 1
                    if number == 500 { world.note("500 broadcasts") }
                    if number == 1_000 { world.note("1,000 broadcasts") }
                    await Task.yield()
                }
            }
            defer { broadcaster.cancel() }
            try await world.wait(for: "500 broadcasts")
            try await client.sendText(#"["1","1","room:1","phx_join",{"do":"wait"}]"#)
            try await world.wait(for: "joining")
            try await world.wait(for: "1,000 broadcasts")
            world.gate("join").open()

            try await client.play(#"<- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#)
            let first = try #require(try await client.receiveMessage().payload["n"]?.intValue)
            #expect(first >= 1_000)
            for number in first + 1..<first + 1_000 {
                let expected = ReceivedMessage(
                    joinRef: nil, ref: nil, topic: "room:1", event: "tick", payload: ["n": .integer(Int64(number))])
                try #require(try await client.receiveMessage() == expected)
            }
            for number in 0..<2_000 {
                try #require(try await watcher.receiveMessage().payload["n"]?.intValue == number)
            }
        }
    }

    @Test("joins of different topics do not wait for each other")
    func joinsAreConcurrent() async throws {
        try await Self.connected { client, world in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"wait"}]
                -> ["2","2","room:2","phx_join",{}]
                <- ["2","2","room:2","phx_reply",{"status":"ok","response":{}}]
                -> ["2","3","room:2","echo",{"a":1}]
                <- ["2","3","room:2","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
            world.gate("join").open()
            try await client.play(#"<- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#)
        }
    }

    @Test("what is sent behind a join waits for it, in order")
    func messagesBehindAJoin() async throws {
        try await Self.connected { client, world in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"wait"}]
                -> ["1","2","room:1","echo",{"n":2}]
                -> ["1","3","room:1","echo",{"n":3}]
                -> ["1","4","room:1","phx_leave",{}]
                <- nothing
                """)
            world.gate("join").open()
            try await client.play(
                """
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"n":2}}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{"n":3}}]
                <- ["1","4","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                <- nothing
                """)
        }
    }

    @Test("what is sent behind a join that is refused finds the topic not joined")
    func messagesBehindARefusedJoin() async throws {
        try await Self.connected { client, world in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"wait","refuse":{"reason":"full"}}]
                -> ["1","2","room:1","echo",{}]
                -> [null,"3","room:1","phx_leave",{}]
                <- nothing
                """)
            world.gate("join").open()
            try await client.play(
                """
                <- ["1","1","room:1","phx_reply",{"status":"error","response":{"reason":"full"}}]
                <- [null,"2","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                <- [null,"3","room:1","phx_reply",{"status":"ok","response":{}}]
                <- nothing
                """)
        }
    }

    @Test("a refused join whose mailbox was full lets the connection be read again, and all are answered in order")
    func refusedWithFullMailbox() async throws {
        try await Self.connected { client, world in
            try await client.sendText(#"["1","1","room:1","phx_join",{"do":"wait","refuse":{"reason":"full"}}]"#)
            try await world.wait(for: "joining")
            try await client.sendTogether((0..<1_000).map { #"["1",\#($0),"room:1","echo",{}]"# })
            try await world.server.waitForStatistics("the mailbox is full") { $0.messagesReceived == 1 + 128 }
            world.gate("join").open()
            try await client.play(#"<- ["1","1","room:1","phx_reply",{"status":"error","response":{"reason":"full"}}]"#)
            for number in 0..<1_000 {
                try await client.play(
                    #"<- [null,\#(number),"room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]"#
                )
            }
            try await client.play("<- nothing")
        }
    }

    @Test("messages to oneself in join are bounded too: too many are a crashed join")
    func tooManyMessagesToOneself() async throws {
        try await Self.connected { client, world in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"flood"}]
                <- ["1","1","room:1","phx_reply",{"status":"error","response":{"reason":"join crashed"}}]
                <- nothing
                """)
            #expect(world.notes == [])
        }
    }

    // MARK: the limit

    @Test("the 101st topic of a connection is refused, with both refs")
    func phx_109_limit() async throws {
        try await Self.connected { client, _ in
            try await Self.joinHundred(client)
            try await client.play(
                """
                -> ["101","101","room:101","phx_join",{}]
                <- ["101","101","room:101","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]
                <- nothing
                """)
        }
    }

    @Test("after one leaves another may join")
    func phx_110_room_after_leave() async throws {
        try await Self.connected { client, _ in
            try await Self.joinHundred(client)
            try await client.play(
                """
                -> ["50","x","room:50","phx_leave",{}]
                <- ["50","x","room:50","phx_reply",{"status":"ok","response":{}}]
                <- ["50","50","room:50","phx_close",{}]
                -> ["101","101","room:101","phx_join",{}]
                <- ["101","101","room:101","phx_reply",{"status":"ok","response":{}}]
                -> ["102","102","room:102","phx_join",{}]
                <- ["102","102","room:102","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]
                """)
        }
    }

    @Test("at the limit a joined topic may be joined again")
    func phx_111_rejoin_at_the_limit() async throws {
        try await Self.connected { client, _ in
            try await Self.joinHundred(client)
            try await client.play(
                """
                -> ["200","200","room:50","phx_join",{}]
                <- ["200","200","room:50","phx_reply",{"status":"ok","response":{}}]
                <- ["50","50","room:50","phx_close",{}]
                <- nothing
                """)
        }
    }

    @Test("joins that have not been decided count")
    func pendingJoinsCount() async throws {
        var options = SocketOptions()
        options.maxChannels = 2
        try await World.run(JoinSocket.self, socket: options) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"wait"}]
                -> ["2","2","room:2","phx_join",{"do":"wait"}]
                -> ["3","3","room:3","phx_join",{}]
                <- ["3","3","room:3","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]
                """)
        }
    }

    private static func joinHundred(_ client: TestClient) async throws {
        try await client.sendTogether((1...100).map { #"["\#($0)","\#($0)","room:\#($0)","phx_join",{}]"# })
        for number in 1...100 {
            try await client.play(
                #"<- ["\#(number)","\#(number)","room:\#(number)","phx_reply",{"status":"ok","response":{}}]"#)
        }
    }

    // MARK: joining again

    @Test("a topic that is joined again: first the new join's reply, then the old one's close")
    func phx_112_duplicate() async throws {
        try await Self.connected { client, _ in
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

    @Test("afterwards pushes carry the new join_ref, and one channel lives")
    func phx_113_one_lives() async throws {
        try await Self.connected { client, world in
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

    @Test("the old channel is not terminated")
    func phx_114_no_terminate() async throws {
        try await Self.connected { client, world in
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
            try await world.server.waitForStatistics("the connection is gone") { $0.webSocketsOpen == 0 }
            #expect(world.notes == ["terminate new: left"])
        }
    }

    @Test(
        "the old channel's answers and pushes are lost, whenever its handler ends",
        arguments: ["busy", "busy_offloaded"])
    func phx_115_old_handler_busy(event: String) async throws {
        try await Self.connected { client, world in
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

    @Test("a join that is still being decided may be replaced: its outcome is lost, its close follows the new reply")
    func duplicateOfAPendingJoin() async throws {
        try await Self.connected { client, world in
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

    @Test("every join that was replaced is closed, the oldest first, once the last one is answered")
    func chainOfPendingJoins() async throws {
        try await Self.connected { client, _ in
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

    @Test("joining again and again while handlers run does not get round the limit of channels")
    func replacedChannelsAreBounded() async throws {
        var options = SocketOptions()
        options.maxChannels = 3
        try await World.run(JoinSocket.self, socket: options) { world in
            let client = try await world.connect()
            // Each of these keeps a task of user code alive until its join is decided.
            for number in 1...4 {
                try await client.sendText(#"["\#(number)","\#(number)","room:1","phx_join",{"do":"wait"}]"#)
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

    @Test("a join again that is refused still closes the old one, after the refusal")
    func refusedDuplicate() async throws {
        try await Self.connected { client, _ in
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

    // MARK: null join refs

    @Test("without a join_ref the ref takes its place in pushes and replies, but not in the join's reply or the close")
    func phx_116_null_join_ref() async throws {
        try await Self.connected { client, _ in
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

    @Test("joined without a join_ref, messages with any join_ref are taken")
    func phx_117_any_join_ref_after_a_null_one() async throws {
        try await Self.connected { client, _ in
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

    @Test("the route's assigns are laid over the connection's")
    func phx_118_route_assigns() async throws {
        try await Self.connected { client, _ in
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

    @Test("two clients on one topic: one leaves, the other stays")
    func phx_119_two_sockets() async throws {
        try await Self.connected { first, world in
            let second = try await world.connect()
            for client in [first, second] { try await client.join("room:1") }
            try await first.play(
                """
                -> ["1","2","room:1","phx_leave",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                """)
            try world.broadcast("room:1", "news")
            try await second.play(
                """
                <- [null,null,"room:1","gone",{"name":""}]
                <- [null,null,"room:1","news",{}]
                -> ["1","2","room:1","echo",{"a":1}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
            try await first.play("<- nothing")
        }
    }

    // MARK: a connection that goes meanwhile

    @Test("a join that is decided after the connection went is terminated, and may still tell the others")
    func connectionClosedWhileJoining() async throws {
        try await Self.connected { client, world in
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.sendText(#"["1","1","room:1","phx_join",{"do":"wait","name":"late"}]"#)
            try await world.wait(for: "joining")
            client.drop()
            try await world.server.waitForStatistics("the connection is gone") { $0.webSocketsOpen == 1 }
            #expect(!world.notes.contains { $0.hasPrefix("terminate") })
            world.gate("join").open()
            try await world.wait(for: "terminate late: closed")
            try await other.play(#"<- [null,null,"room:1","gone",{"name":"late"}]"#)
            #expect(await world.server.statistics().channelsOpen == 1)
        }
    }
}

private struct JoinSocket: WorldSocket {
    static let channels = Channels {
        channel("room:*", JoinRoom.self)
        channel("one:*", JoinRoom.self, assigns: k(1))
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        try World.assigns(params).merging(k(0))
    }

    static func k(_ value: Int) -> Assigns {
        var assigns = Assigns()
        assigns[.k] = value
        return assigns
    }
}

extension AssignKey<Int> {
    fileprivate static let k = AssignKey("k")
}

private struct Thrown: Error {}

/// Does in `join` what the join's payload says.
private final class JoinRoom: Channel {
    private var name = ""

    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        name = params["name"]?.stringValue ?? ""
        switch params["do"]?.stringValue {
        case "push": socket.push("early", [:] as JSON)
        case "broadcast": socket.broadcast("early", [:] as JSON)
        case "broadcast_from": socket.broadcastFrom("early", [:] as JSON)
        case "reply_ref": _ = try socket.replyRef()
        case "welcome": socket.send("welcome")
        case "flood": for _ in 0...4_096 { socket.send("flood") }
        case "bytes": return .ok(Payload.bytes(1, 2))
        case "refuse_bytes": return .error(Payload.bytes(1, 2))
        case "nan": return .ok(["n": Double.nan])
        case "wait":
            socket.world?.note("joining")
            await socket.world?.gate("join").pass()
            socket.world?.note("joined")
        default: break
        }
        if params["throw"] == true { throw Thrown() }
        if let reason = params["refuse"] { return .error(reason) }
        if let response = params["response"] { return .ok(response) }
        return .ok
    }

    static var events: [Event<JoinRoom>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("push") { _, payload, socket in
            socket.push("pushed", payload)
            return .noReply
        }
        on("k") { _, _, socket in .ok(["k": .integer(Int64(socket.assigns[.k] ?? -1))]) }
        on("busy") { _, _, socket in
            let world = socket.world
            await world?.gate("busy").pass()
            socket.push("late", [:] as JSON)
            socket.broadcast("late", [:] as JSON)
            world?.note("busy is done")
            return .ok(["from": "the old channel"] as JSON)
        }
        on("busy_offloaded", .offloaded) { payload in
            let world = World.named(try payload.decode(JSON.self)["world"]?.stringValue)
            world?.gate("busy").block()
            world?.note("busy is done")
            return .ok(["from": "the old channel"] as JSON)
        }
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        if let event = message as? String { socket.push(event, [:] as JSON) }
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {
        socket.broadcast("gone", ["name": .string(name)] as JSON)
        let word =
            switch reason {
            case .left: "left"
            case .closed: "closed"
            case .draining: "draining"
            case .stopped: "stopped"
            case .crashed: "crashed"
            }
        socket.world?.note("terminate \(name): \(word)")
    }
}
