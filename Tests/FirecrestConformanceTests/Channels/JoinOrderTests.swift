// Firecrest — what comes before and after the reply to a join (row 108)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Join: order")
struct JoinOrderTests {
    @Test("no broadcast comes before the reply; after it they come in order, without a gap", arguments: Wire.all)
    func phx_108_broadcasts_during_join(wire: Wire) async throws {
        // However late a client's next GET comes.
        let longpoll = LongPollOptions {
            $0.maxBufferedMessages = 200_000
            $0.maxBufferedBytes = 100_000_000
        }
        try await JoinSocket.connected(wire, longpoll: longpoll) { client, world in
            let watcher = try await world.connect()
            try await watcher.join("room:1")

            // Until the test is over, as fast as one task can that lets others run.
            let broadcaster = Task {
                var number = 0
                while !Task.isCancelled, number < 200_000 {
                    try world.broadcast("room:1", "tick", ["n": .integer(Int64(number))])
                    number += 1
                    if number == 500 { world.note("500 broadcasts") }
                    if number == 1_000 { world.note("1,000 broadcasts") }
                    // Four workers in one process are slower than that.
                    if number.isMultiple(of: 20) { try await Task.sleep(for: .milliseconds(TestServer.workers)) }
                }
            }
            defer { broadcaster.cancel() }
            try await world.wait(for: "500 broadcasts")
            try await client.send(#"["1","1","room:1","phx_join",{"do":"wait"}]"#)
            try await world.wait(for: "joining")
            try await world.wait(for: "1,000 broadcasts")
            world.gate("join").open()

            try await client.play(#"<- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#)
            let first = try #require(try await client.receiveMessage().payload["n"]?.intValue)
            // From another worker, some of those before may still have been on their way.
            #expect(first >= 1_000 || TestServer.workers > 1)
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

    @Test("joins of different topics do not wait for each other", arguments: Wire.all)
    func joinsAreConcurrent(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
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

    @Test("what is sent behind a join waits for it, in order", arguments: Wire.all)
    func messagesBehindAJoin(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
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

    @Test("what is sent behind a join that is refused finds the topic not joined", arguments: Wire.all)
    func messagesBehindARefusedJoin(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
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

    @Test(
        "a refused join whose mailbox was full lets the connection be read again, and all are answered in order",
        arguments: Wire.all)
    func refusedWithFullMailbox(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
            try await client.send(#"["1","1","room:1","phx_join",{"do":"wait","refuse":{"reason":"full"}}]"#)
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

    @Test("messages to oneself in join are bounded too: too many are a crashed join", arguments: Wire.all)
    func tooManyMessagesToOneself(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, world in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"flood"}]
                <- ["1","1","room:1","phx_reply",{"status":"error","response":{"reason":"join crashed"}}]
                <- nothing
                """)
            #expect(world.notes == [])
        }
    }
}
