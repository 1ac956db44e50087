// Firecrest — messages to a channel: stale refs, crashes, order (rows 120-129)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Messages")
struct MessageTests {
    static func connected(_ wire: Wire, _ body: (TestClient, World) async throws -> Void) async throws {
        try await World.run(MessageSocket.self, wire: wire) { world in try await body(try await world.connect(), world)
        }
    }

    /// Joined to room:1 with join_ref 10.
    static func joined(_ wire: Wire, _ body: (TestClient, World) async throws -> Void) async throws {
        try await connected(wire) { client, world in
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{}]
                <- ["10","10","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try await body(client, world)
        }
    }

    @Test("an event for a topic that is not joined is unmatched, with a null join_ref", arguments: Wire.all)
    func phx_120_not_joined(wire: Wire) async throws {
        try await Self.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["5","6","room:1","echo",{}]
                <- [null,"6","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                """)
        }
    }

    @Test("an event of another join is dropped without a word", arguments: Wire.all)
    func phx_121_stale(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["99","11","room:1","note",{}]
                <- nothing
                -> ["10","12","room:1","echo",{}]
                <- ["10","12","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            #expect(world.notes == [])
        }
    }

    /// Refs in a binary frame are text and have no type.
    @Test("the type of a join_ref counts: the number 10 is not the text \"10\"", arguments: Wire.json)
    func phx_122_join_ref_of_another_type(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> [10,11,"room:1","note",{}]
                <- nothing
                """)
            #expect(world.notes == [])
        }
    }

    @Test("an event with a null join_ref is taken; the reply carries the channel's", arguments: Wire.all)
    func phx_123_null_join_ref(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> [null,"11","room:1","echo",{"a":1}]
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
        }
    }

    @Test("phx_close, phx_reply and phx_error from a client are events like any other", arguments: Wire.all)
    func phx_124_reserved_events(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["10","11","room:1","phx_close",{"n":1}]
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{"handled":"phx_close"}}]
                -> ["10","12","room:1","phx_error",{}]
                <- ["10","12","room:1","phx_reply",{"status":"ok","response":{"handled":"phx_error"}}]
                -> ["10","13","room:1","phx_reply",{}]
                <- ["10","13","room:1","phx_reply",{"status":"ok","response":{"handled":"phx_reply"}}]
                """)
        }
    }

    @Test("an event that nobody handles ends the channel with phx_error, under its join_ref twice", arguments: Wire.all)
    func phx_125_unhandled(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["10","11","room:1","unknown",{}]
                <- ["10","10","room:1","phx_error",{"reason":"channel_crash"}]
                <- nothing
                """)
        }
    }

    @Test("after phx_error the topic is not joined", arguments: Wire.all)
    func phx_126_after_an_error(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["10","11","room:1","throw",{}]
                -> ["10","12","room:1","echo",{}]
                <- ["10","10","room:1","phx_error",{"reason":"channel_crash"}]
                <- [null,"12","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                """)
        }
    }

    @Test("and can be joined again", arguments: Wire.all)
    func phx_127_join_after_an_error(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["10","11","room:1","throw",{}]
                <- ["10","10","room:1","phx_error",{"reason":"channel_crash"}]
                -> ["12","12","room:1","phx_join",{}]
                <- ["12","12","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["12","13","room:1","echo",{"a":1}]
                <- ["12","13","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
        }
    }

    @Test("a channel that crashes takes no other with it", arguments: Wire.all)
    func phx_128_others_live(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            let neighbour = try await world.connect()
            try await neighbour.join("room:1")
            try await client.play(
                """
                -> ["20","20","room:2","phx_join",{}]
                <- ["20","20","room:2","phx_reply",{"status":"ok","response":{}}]
                -> ["10","11","room:1","throw",{}]
                <- ["10","10","room:1","phx_error",{"reason":"channel_crash"}]
                -> ["20","21","room:2","echo",{"a":1}]
                <- ["20","21","room:2","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
            try await neighbour.play(
                """
                <- nothing
                -> ["1","2","room:1","echo",{"a":1}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
        }
    }

    @Test("a hundred pipelined events are answered in order", arguments: Wire.all)
    func phx_129_pipelined(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.sendTogether((0..<100).map { #"["10",\#($0),"room:1","echo",{"n":\#($0)}]"# })
            for number in 0..<100 {
                try await client.play(
                    #"<- ["10",\#(number),"room:1","phx_reply",{"status":"ok","response":{"n":\#(number)}}]"#)
            }
        }
    }

    // MARK: kinds of handlers

    @Test(
        "synchronous, async and offloaded handlers of one channel answer in the order of its messages",
        arguments: Wire.all)
    func mixedHandlers(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            let events = [
                "echo", "async_inline", "wait", "echo", "offloaded", "hops", "echo", "offloaded", "async_inline",
            ]
            let messages = (0..<90).map { index in
                #"["10",\#(index),"room:1","\#(events[index % events.count])",{"n":\#(index)}]"#
            }
            try await client.sendTogether(messages)
            world.gate("handler").open()
            for number in 0..<90 {
                try await client.play(
                    #"<- ["10",\#(number),"room:1","phx_reply",{"status":"ok","response":{"n":\#(number)}}]"#)
            }
        }
    }

    @Test("while an async handler of one channel waits, the connection's other channels go on", arguments: Wire.all)
    func otherChannelsGoOn(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["20","20","room:2","phx_join",{}]
                <- ["20","20","room:2","phx_reply",{"status":"ok","response":{}}]
                -> ["10","11","room:1","wait",{"n":1}]
                -> ["10","12","room:1","echo",{"n":2}]
                -> ["20","21","room:2","echo",{"n":3}]
                <- ["20","21","room:2","phx_reply",{"status":"ok","response":{"n":3}}]
                """)
            world.gate("handler").open()
            try await client.play(
                """
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{"n":1}}]
                <- ["10","12","room:1","phx_reply",{"status":"ok","response":{"n":2}}]
                """)
        }
    }

    @Test(
        "an async or offloaded handler that throws ends the channel", arguments: ["throw_async", "throw_offloaded"],
        Wire.all)
    func asyncThrows(event: String, wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["10","11","room:1","\(event)",{}]
                <- ["10","10","room:1","phx_error",{"reason":"channel_crash"}]
                -> ["10","12","room:1","echo",{}]
                <- [null,"12","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                """)
        }
    }

    @Test("a channel's state is its own through all of its handlers", arguments: Wire.all)
    func state(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            world.gate("handler").open()
            try await client.sendTogether(
                (0..<100).map { #"["10",\#($0),"room:1","\#($0.isMultiple(of: 2) ? "count" : "count_async")",{}]"# })
            for number in 0..<100 {
                try await client.play(
                    #"<- ["10",\#(number),"room:1","phx_reply",{"status":"ok","response":{"count":\#(number + 1)}}]"#)
            }
        }
    }

    // MARK: payloads

    /// What decodes a payload by itself takes JSON; bytes are no shape at all.
    @Test(
        "a payload of another shape than asked for is an error reply, and the channel lives",
        arguments: ["typed", "typed_async", "typed_offloaded"], Wire.json)
    func invalidPayload(event: String, wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["10","11","room:1","\(event)",{"text":7}]
                <- ["10","11","room:1","phx_reply",{"status":"error","response":{"reason":"invalid payload"}}]
                -> ["10","12","room:1","\(event)",null]
                <- ["10","12","room:1","phx_reply",{"status":"error","response":{"reason":"invalid payload"}}]
                -> ["10","13","room:1","\(event)",{"text":"x"}]
                <- ["10","13","room:1","phx_reply",{"status":"ok","response":{"text":"x"}}]
                """)
        }
    }

    @Test("a reply that cannot be encoded ends the channel", arguments: Wire.all)
    func replyThatCannotBeEncoded(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["10","11","room:1","nan",{}]
                <- ["10","10","room:1","phx_error",{"reason":"channel_crash"}]
                """)
        }
    }

    // MARK: what becomes of events without a handler

    @Test("an event without a handler may be answered instead, or ignored", arguments: Wire.all)
    func unhandledPolicies(wire: Wire) async throws {
        try await Self.connected(wire) { client, _ in
            try await client.play(
                """
                -> ["1","1","polite:1","phx_join",{}]
                <- ["1","1","polite:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","2","polite:1","unknown",{}]
                <- ["1","2","polite:1","phx_reply",{"status":"error","response":{"reason":"no such event"}}]
                -> ["3","3","deaf:1","phx_join",{}]
                <- ["3","3","deaf:1","phx_reply",{"status":"ok","response":{}}]
                -> ["3","4","deaf:1","unknown",{}]
                <- nothing
                -> ["3","5","deaf:1","known",{}]
                <- ["3","5","deaf:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }
}

private struct MessageSocket: WorldSocket {
    static let channels = Channels {
        channel("room:*", MessageRoom.self)
        channel("polite:*", PoliteRoom.self)
        channel("deaf:*", DeafRoom.self)
    }
}

private struct Note: Codable, SendableMetatype {
    var text: String
}

private final class MessageRoom: Channel {
    private var count = 0

    init(topic: Topic) {}

    static var events: [Event<MessageRoom>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("note") { _, _, socket in
            socket.world?.note("noted")
            return .ok
        }
        on("throw") { _, _, _ in throw Thrown() }
        on("throw_async") { _, _, _ in
            await Task.yield()
            throw Thrown()
        }
        on("throw_offloaded", .offloaded) { _ in throw Thrown() }
        on("nan") { _, _, _ in .ok(["n": Double.nan]) }
        on("phx_close") { _, _, _ in .ok(["handled": "phx_close"] as JSON) }
        on("phx_error") { _, _, _ in .ok(["handled": "phx_error"] as JSON) }
        on("phx_reply") { _, _, _ in .ok(["handled": "phx_reply"] as JSON) }
        // Async in name only: it never waits.
        on("async_inline") { room, payload, _ in await room.passOn(payload) }
        on("wait") { _, payload, socket in
            await socket.world?.gate("handler").pass()
            return .ok(payload)
        }
        on("hops") { _, payload, _ in
            for _ in 0..<3 { await Task.yield() }
            return .ok(payload)
        }
        on("offloaded", .offloaded) { payload in .ok(payload) }
        on("count") { room, _, _ in
            room.count += 1
            return .ok(["count": room.count])
        }
        on("count_async") { room, _, socket in
            let before = room.count
            await Task.yield()
            await socket.world?.gate("handler").pass()
            room.count = before + 1
            return .ok(["count": room.count])
        }
        on("typed", Note.self) { _, note, _ in .ok(note) }
        on("typed_async", Note.self) { _, note, _ in
            await Task.yield()
            return .ok(note)
        }
        on("typed_offloaded", Note.self, .offloaded) { note in .ok(note) }
    }

    private func passOn(_ payload: Payload) async -> Reply { .ok(payload) }
}

private final class PoliteRoom: Channel {
    init(topic: Topic) {}
    static var events: [Event<PoliteRoom>] {}
    static var unhandledEvent: UnhandledEvent { .replyError("no such event") }
}

private final class DeafRoom: Channel {
    init(topic: Topic) {}
    static var events: [Event<DeafRoom>] { on("known") { _, _, _ in .ok } }
    static var unhandledEvent: UnhandledEvent { .ignore }
}
