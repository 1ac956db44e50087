// Firecrest — leaving, and the other ends of a channel (rows 130-141)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Leave and close")
struct LeaveTests {
    /// Joined to room:1 with join_ref 10.
    static func joined(
        _ wire: Wire, longpoll: LongPollOptions = true, _ body: (TestClient, World) async throws -> Void
    ) async throws {
        try await World.run(LeaveSocket.self, wire: wire, longpoll: longpoll) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["10","10","room:1","phx_join",{}]
                <- ["10","10","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try await body(client, world)
        }
    }

    @Test("a leave is answered with ok, then the channel is closed", arguments: Wire.all)
    func phx_130_leave(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["10","11","room:1","phx_leave",{}]
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                <- nothing
                -> ["10","12","room:1","echo",{}]
                <- [null,"12","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                """)
            #expect(world.notes == ["terminate room:1: left"])
            #expect(await world.server.statistics().channelsOpen == 0)
        }
    }

    @Test("what was sent before the leave is answered before it", arguments: Wire.all)
    func phx_131_leave_waits_its_turn(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["10","11","room:1","wait",{}]
                -> ["10","12","room:1","echo",{"n":12}]
                -> ["10","13","room:1","echo",{"n":13}]
                -> ["10","14","room:1","phx_leave",{}]
                <- nothing
                """)
            world.gate("handler").open()
            try await client.play(
                """
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","12","room:1","phx_reply",{"status":"ok","response":{"n":12}}]
                <- ["10","13","room:1","phx_reply",{"status":"ok","response":{"n":13}}]
                <- ["10","14","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                """)
        }
    }

    @Test("what is sent between a leave and its effect is swallowed, a second leave too", arguments: Wire.all)
    func phx_132_between_leave_and_effect(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["10","11","room:1","wait",{}]
                -> ["10","12","room:1","phx_leave",{}]
                -> ["10","13","room:1","echo",{}]
                -> ["10","14","room:1","phx_leave",{}]
                <- nothing
                """)
            world.gate("handler").open()
            try await client.play(
                """
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","12","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                <- nothing
                """)
        }
    }

    @Test("a leave of another join is ignored", arguments: Wire.all)
    func phx_133_stale_leave(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["99","11","room:1","phx_leave",{}]
                <- nothing
                -> ["10","12","room:1","echo",{"a":1}]
                <- ["10","12","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                """)
            #expect(world.notes == [])
        }
    }

    @Test("a leave with a null join_ref works", arguments: Wire.all)
    func phx_134_null_join_ref(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> [null,"11","room:1","phx_leave",{}]
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                """)
        }
    }

    @Test("to leave what is not joined is ok, under the refs that were given", arguments: Wire.all)
    func phx_135_not_joined(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["5","6","room:2","phx_leave",{}]
                <- ["5","6","room:2","phx_reply",{"status":"ok","response":{}}]
                -> [null,7,"room:2","phx_leave",{}]
                <- [null,7,"room:2","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test("a handler that stops normally closes the channel", arguments: Wire.all)
    func phx_136_stop_normal(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["10","11","room:1","stop_normal",{}]
                <- ["10","10","room:1","phx_close",{}]
                <- nothing
                -> ["10","12","room:1","echo",{}]
                <- [null,"12","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]
                """)
            #expect(world.notes == ["terminate room:1: stopped normal"])
        }
    }

    @Test("a handler that stops with a reply: first the reply, then the close", arguments: Wire.all)
    func phx_137_stop_with_reply(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["10","11","room:1","stop_shutdown",{}]
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{"last":"word"}}]
                <- ["10","10","room:1","phx_close",{}]
                <- nothing
                """)
            #expect(world.notes == [#"terminate room:1: stopped shutdown("maintenance")"#])
        }
    }

    @Test("a handler that stops with another reason ends the channel with phx_error", arguments: Wire.all)
    func phx_138_stop_with_failure(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["10","11","room:1","stop_failure",{}]
                <- ["10","10","room:1","phx_error",{"reason":"channel_crash"}]
                <- nothing
                """)
            #expect(world.notes == [#"terminate room:1: stopped failure("broken")"#])
        }
    }

    @Test(
        "what terminate pushes after a crash precedes phx_error", arguments: ["throw", "throw_async", "stop_failure"],
        Wire.all)
    func phx_139_terminate_before_error(event: String, wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["11","11","push:1","phx_join",{}]
                <- ["11","11","push:1","phx_reply",{"status":"ok","response":{}}]
                -> ["11","12","push:1","\(event)",{}]
                <- ["11",null,"push:1","last",{}]
                <- ["11","11","push:1","phx_error",{"reason":"channel_crash"}]
                """)
        }
    }

    @Test("what terminate pushes after a leave follows phx_close", arguments: Wire.all)
    func phx_140_terminate_after_close(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["11","11","push:1","phx_join",{}]
                <- ["11","11","push:1","phx_reply",{"status":"ok","response":{}}]
                -> ["11","12","push:1","phx_leave",{}]
                <- ["11","12","push:1","phx_reply",{"status":"ok","response":{}}]
                <- ["11","11","push:1","phx_close",{}]
                <- ["11",null,"push:1","last",{}]
                """)
        }
    }

    /// To close is a frame; over HTTP a client just goes, as in the next test.
    @Test(
        "when a client closes its connection every channel is terminated, and nothing else is sent",
        arguments: Wire.webSocket)
    func phx_141_connection_closed(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["20","20","room:2","phx_join",{}]
                <- ["20","20","room:2","phx_reply",{"status":"ok","response":{}}]
                """)
            try await client.close(1000)
            try await client.play("<- close 1000")
            #expect(try await client.receive() == .eof)
            try await world.wait(for: "terminate room:1: closed")
            try await world.wait(for: "terminate room:2: closed")
            #expect(world.notes.count == 2)
            #expect(await world.server.statistics().channelsOpen == 0)
        }
    }

    @Test("a connection that breaks does the same", arguments: Wire.all)
    func connectionBreaks(wire: Wire) async throws {
        try await Self.joined(wire, longpoll: .brief) { client, world in
            client.drop()
            try await world.wait(for: "terminate room:1: closed")
        }
    }

    @Test(
        "a handler that runs when the connection goes is cancelled; terminate waits for it, and may tell the others",
        arguments: Wire.all)
    func closedDuringAHandler(wire: Wire) async throws {
        try await Self.joined(wire, longpoll: .brief) { client, world in
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.send(#"["10","11","room:1","sleep",{}]"#)
            try await world.wait(for: "sleeping")
            client.drop()
            try await world.wait(for: "terminate room:1: closed")
            #expect(world.notes == ["sleeping", "cancelled", "terminate room:1: closed"])
            try await other.play(#"<- [null,null,"room:1","gone",{}]"#)
        }
    }

    @Test("a handler on the thread pool goes on; terminate waits for it too", arguments: Wire.all)
    func closedDuringAnOffloadedHandler(wire: Wire) async throws {
        try await Self.joined(wire, longpoll: .brief) { client, world in
            try await client.send(#"["10","11","room:1","block",{"world":"\#(world.id)"}]"#)
            try await world.wait(for: "blocking")
            client.drop()
            try await world.waitForClients(0)
            #expect(world.notes == ["blocking"])
            world.gate("handler").open()
            try await world.wait(for: "terminate room:1: closed")
            #expect(world.notes == ["blocking", "done", "terminate room:1: closed"])
        }
    }

    @Test("a channel may close its client's connection", arguments: Wire.all)
    func disconnect(wire: Wire) async throws {
        try await Self.joined(wire, longpoll: .brief) { client, world in
            try await client.play(
                """
                -> ["10","11","room:1","disconnect",{}]
                <- close 1001
                """)
            client.drop()
            try await world.wait(for: "terminate room:1: closed")
        }
    }

    @Test("a topic that was left can be joined again; nothing of the first time is left", arguments: Wire.all)
    func rejoinAfterLeave(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["10","11","room:1","phx_leave",{}]
                -> ["20","20","room:1","phx_join",{}]
                <- ["10","11","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["10","10","room:1","phx_close",{}]
                <- ["20","20","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try world.broadcast("room:1", "news")
            try await client.play(
                """
                <- [null,null,"room:1","news",{}]
                <- nothing
                """)
        }
    }

    @Test("joining and leaving a thousand times keeps nothing", arguments: Wire.all)
    func churn(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.sendTogether(
                (0..<1_000).flatMap { number in
                    [#"["\#(number)",1,"room:2","phx_join",{}]"#, #"["\#(number)",2,"room:2","phx_leave",{}]"#]
                })
            for number in 0..<1_000 {
                let frames = [
                    try await client.receiveMessage(), try await client.receiveMessage(),
                    try await client.receiveMessage(),
                ]
                try #require(frames.map(\.event) == ["phx_reply", "phx_reply", "phx_close"])
                try #require(wire.form == .v1 || frames.allSatisfy { $0.joinRef == .string("\(number)") })
                try #require(frames[2].ref == .string("\(number)"))
            }
            let statistics = await world.server.statistics()
            #expect(statistics.channelsOpen == 1)
            #expect(statistics.channelsJoined == 1_001)
        }
    }
}

private struct LeaveSocket: WorldSocket {
    static let channels = Channels {
        channel("room:*", LeaveRoom.self)
        channel("push:*", LastPushRoom.self)
    }
}

private final class LeaveRoom: Channel {
    init(topic: Topic) {}

    static var events: [Event<LeaveRoom>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("wait") { _, _, socket in
            await socket.world?.gate("handler").pass()
            return .ok
        }
        on("stop_normal") { _, _, _ in .stop() }
        on("stop_shutdown") { _, _, _ in .stop(.shutdown("maintenance"), reply: .ok(["last": "word"] as JSON)) }
        on("stop_failure") { _, _, _ in .stop(.failure("broken")) }
        on("sleep") { _, _, socket in
            let world = socket.world
            world?.note("sleeping")
            do {
                try await Task.sleep(for: .seconds(60))
            } catch {
                world?.note("cancelled")
            }
            return .ok
        }
        on("block", .offloaded) { payload in
            let world = World.named(try payload.json()["world"]?.stringValue)
            world?.note("blocking")
            world?.gate("handler").block()
            world?.note("done")
            return .ok
        }
        on("disconnect") { _, _, socket in
            socket.disconnect()
            return .ok
        }
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {
        let word =
            switch reason {
            case .left: "left"
            case .closed: "closed"
            case .draining: "draining"
            case .revoked: "revoked"
            case .stopped(let reason): "stopped \(reason)"
            case .crashed: "crashed"
            }
        if case .closed = reason { socket.broadcast("gone", [:] as JSON) }
        socket.world?.note("terminate \(socket.topic): \(word)")
    }
}

/// Pushes when it ends.
private final class LastPushRoom: Channel {
    init(topic: Topic) {}

    static var events: [Event<LastPushRoom>] {
        on("throw") { _, _, _ in throw Thrown() }
        on("throw_async") { _, _, _ in
            await Task.yield()
            throw Thrown()
        }
        on("stop_failure") { _, _, _ in .stop(.failure("broken")) }
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) { socket.push("last", [:] as JSON) }
}
