// Firecrest — what waits for a busy channel is bounded, stays in order, and nothing of it is lost
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Mailbox")
struct MailboxTests {
    static func joined(
        _ wire: Wire, _ limits: MailboxLimits = MailboxLimits(), _ body: (TestClient, World) async throws -> Void
    ) async throws {
        var options = SocketOptions()
        options.mailbox = limits
        try await World.run(MailboxSocket.self, wire: wire, socket: options) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try await body(client, world)
        }
    }

    /// Messages that the server has taken off the connection, joins and heartbeats included.
    static func received(_ world: World) async -> Int { await world.server.statistics().messagesReceived }

    @Test(
        "a full mailbox stops the reading of its connection; all is answered in order when the channel goes on",
        arguments: Wire.all)
    func messageLimit(wire: Wire) async throws {
        var limits = MailboxLimits()
        limits.maxMessages = 16
        try await Self.joined(wire, limits) { client, world in
            try await client.send(#"["1","w","room:1","wait",{}]"#)
            try await world.wait(for: "waiting")
            let before = await Self.received(world)
            // More than a read buffer holds, so that the socket itself is left alone too.
            let padding = String(repeating: "x", count: 200)
            try await client.sendTogether((0..<1_000).map { #"["1",\#($0),"room:1","echo",["\#(padding)"]]"# })
            try await world.server.waitForStatistics("the mailbox is full") { $0.messagesReceived >= before + 16 }
            // Another connection is served meanwhile, and by then this one has not been read any further.
            try await world.connect().play("<- nothing")
            #expect(await Self.received(world) == before + 16 + 1)

            world.gate("handler").open()
            try await client.play(#"<- ["1","w","room:1","phx_reply",{"status":"ok","response":{}}]"#)
            for number in 0..<1_000 {
                let reply = try await client.receiveMessage()
                try #require(reply.refNumber == number)
                try #require(reply.response == [.string(padding)])
            }
            try await client.play("<- nothing")
        }
    }

    @Test(
        "with async handlers that each wait a moment, 1,000 pipelined messages are answered in order",
        arguments: Wire.all)
    func asyncHandlersUnderPressure(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.sendTogether(
                (0..<1_000).map { #"["1",\#($0),"room:1","\#($0.isMultiple(of: 3) ? "echo" : "yield")",{}]"# })
            for number in 0..<1_000 {
                try #require(try await client.receiveMessage().refNumber == number)
            }
        }
    }

    @Test("bytes count as well as messages", arguments: Wire.all)
    func byteLimit(wire: Wire) async throws {
        var limits = MailboxLimits()
        limits.maxBytes = 10_000
        try await Self.joined(wire, limits) { client, world in
            try await client.send(#"["1","w","room:1","wait",{}]"#)
            try await world.wait(for: "waiting")
            let before = await Self.received(world)
            let kilobyte = String(repeating: "x", count: 1_000)
            try await client.sendTogether((0..<100).map { #"["1",\#($0),"room:1","echo",["\#(kilobyte)"]]"# })
            try await world.server.waitForStatistics("the mailbox is full") { $0.messagesReceived >= before + 10 }
            try await world.connect().play("<- nothing")
            #expect(await Self.received(world) == before + 10 + 1)
            world.gate("handler").open()
            try await client.play(#"<- ["1","w","room:1","phx_reply",{"status":"ok","response":{}}]"#)
            for number in 0..<100 {
                try #require(try await client.receiveMessage().refNumber == number)
            }
        }
    }

    @Test("one message that is larger than the limit is taken when none waits", arguments: Wire.all)
    func oneLargeMessage(wire: Wire) async throws {
        var limits = MailboxLimits()
        limits.maxBytes = 1_000
        try await Self.joined(wire, limits) { client, world in
            let large = String(repeating: "x", count: 50_000)
            try await client.sendTogether([
                #"["1","w","room:1","wait",{}]"#, #"["1","1","room:1","echo",["\#(large)"]]"#,
                #"["1","2","room:1","echo",[]]"#,
            ])
            world.gate("handler").open()
            for ref in ["w", "1", "2"] as [JSON] { #expect(try await client.receiveMessage().ref == ref) }
        }
    }

    @Test(
        "a channel that crashes with a full mailbox: first its phx_error, then the rest is unmatched, in order",
        arguments: Wire.all)
    func crashWithFullMailbox(wire: Wire) async throws {
        var limits = MailboxLimits()
        limits.maxMessages = 16
        try await Self.joined(wire, limits) { client, world in
            try await client.send(#"["1","w","room:1","wait_and_throw",{}]"#)
            try await world.wait(for: "waiting")
            try await client.sendTogether((0..<100).map { #"["1",\#($0),"room:1","echo",{}]"# })
            try await world.server.waitForStatistics("the mailbox is full") { $0.messagesReceived >= 2 + 16 }
            world.gate("handler").open()
            // The sixteen in the mailbox die with their channel.
            try await client.play(#"<- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]"#)
            for number in 16..<100 {
                try await client.play(
                    #"<- [null,\#(number),"room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]"#
                )
            }
            try await client.play("<- nothing")
        }
    }

    @Test(
        "a handler that stops its channel with a full mailbox, and the topic is joined again behind it",
        arguments: ["normal", "failure"], Wire.all)
    func stopWithFullMailboxAndRejoin(kind: String, wire: Wire) async throws {
        var limits = MailboxLimits()
        limits.maxMessages = 4
        try await Self.joined(wire, limits) { client, world in
            try await client.send(#"["1","w","room:1","wait_and_stop",{"kind":"\#(kind)"}]"#)
            try await world.wait(for: "waiting")
            let late = (0..<4).map { #"["1",\#($0),"room:1","echo",{}]"# }
            try await client.sendTogether(
                late + [#"["5","5","room:1","phx_join",{}]"#, #"["5","6","room:1","echo",{"a":1}]"#])
            try await world.server.waitForStatistics("the mailbox is full") { $0.messagesReceived >= 2 + 4 }
            world.gate("handler").open()
            let end =
                kind == "normal"
                ? #"["1","1","room:1","phx_close",{}]"# : #"["1","1","room:1","phx_error",{"reason":"channel_crash"}]"#
            try await client.play(
                """
                <- ["1","w","room:1","phx_reply",{"status":"ok","response":{}}]
                <- \(end)
                <- ["5","5","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["5","6","room:1","phx_reply",{"status":"ok","response":{"a":1}}]
                <- nothing
                """)
            #expect(world.notes == ["waiting", "terminated"])
        }
    }

    @Test(
        "server messages beyond the limit end the channel; its handler is cancelled, then it is terminated",
        arguments: Wire.all)
    func serverMessages(wire: Wire) async throws {
        var limits = MailboxLimits()
        limits.maxServerMessages = 10
        try await Self.joined(wire, limits) { client, world in
            try await client.play(
                """
                -> ["1","2","room:1","ref",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","3","room:1","sleep",{}]
                """)
            try await world.wait(for: "sleeping")
            let channel = try #require(world.channelRef)
            for _ in 0..<10 { channel.send("more") }
            try await client.play("<- nothing")
            channel.send("too much")
            try await client.play(#"<- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]"#)
            try await world.wait(for: "terminated")
            #expect(world.notes == ["sleeping", "cancelled", "terminated"])
            try await client.play(
                """
                <- nothing
                -> ["4","4","room:1","phx_join",{}]
                <- ["4","4","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test(
        "a channel that floods itself ends too, terminated once, and leaves its place",
        arguments: ["flood", "flood_info"], Wire.all)
    func floodsItself(event: String, wire: Wire) async throws {
        var options = SocketOptions()
        options.maxChannels = 1
        try await World.run(MailboxSocket.self, wire: wire, socket: options) { world in
            let client = try await world.connect()
            for number in 1...3 {
                try await client.play(
                    """
                    -> ["\(number)","a","room:1","phx_join",{}]
                    <- ["\(number)","a","room:1","phx_reply",{"status":"ok","response":{}}]
                    -> ["\(number)","b","room:1","\(event)",{}]
                    <- ["\(number)","\(number)","room:1","phx_error",{"reason":"channel_crash"}]
                    <- nothing
                    """)
            }
            #expect(world.notes == ["terminated", "terminated", "terminated"])
        }
    }

    @Test("intercepted broadcasts that wait for a busy channel are bounded as server messages are", arguments: Wire.all)
    func interceptedBroadcasts(wire: Wire) async throws {
        var limits = MailboxLimits()
        limits.maxServerMessages = 10
        try await Self.joined(wire, limits) { client, world in
            try await client.send(#"["1","3","room:1","sleep",{}]"#)
            try await world.wait(for: "sleeping")
            for _ in 0..<11 { try world.broadcast("room:1", "intercepted") }
            try await client.play(#"<- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]"#)
        }
    }
}

private struct MailboxSocket: WorldSocket {
    static let channels = Channels { channel("room:*", MailboxRoom.self) }
}

private final class MailboxRoom: Channel {
    init(topic: Topic) {}

    static var intercepts: [String] { ["intercepted"] }

    static var events: [Event<MailboxRoom>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("yield") { _, payload, _ in
            await Task.yield()
            return .ok(payload)
        }
        on("wait") { _, _, socket in
            socket.world?.note("waiting")
            await socket.world?.gate("handler").pass()
            return .ok
        }
        on("wait_and_throw") { _, _, socket in
            socket.world?.note("waiting")
            await socket.world?.gate("handler").pass()
            throw Thrown()
        }
        on("wait_and_stop") { _, payload, socket in
            socket.world?.note("waiting")
            await socket.world?.gate("handler").pass()
            let kind = try payload.json()["kind"]
            return .stop(kind == "normal" ? .normal : .failure("why not"), reply: .ok)
        }
        on("ref") { _, _, socket in
            socket.world?.keep(try socket.ref())
            return .ok
        }
        on("flood") { _, _, socket in
            for _ in 0...4_096 { socket.send("more") }
            return .noReply
        }
        on("flood_info") { _, _, socket in
            socket.send("flood")
            return .noReply
        }
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
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        guard message as? String == "flood" else { return }
        for _ in 0...4_096 { socket.send("more") }
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) { socket.world?.note("terminated") }
}
