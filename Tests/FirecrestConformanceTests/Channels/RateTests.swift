// Firecrest — rates, remembered refusals and the time that a join may take
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Rates and repeated joins")
struct RateTests {
    private static func connected(
        _ options: SocketOptions, _ body: (TestClient, World) async throws -> Void
    ) async throws {
        try await World.run(AskingSocket.self, socket: options) { world in
            try await body(try await world.connect(), world)
        }
    }

    @Test("a message over its rate is refused with the time to wait, and not handled")
    func messages() async throws {
        var options = SocketOptions()
        options.messageRate = RateLimit(perSecond: 0.01, burst: 3)
        try await Self.connected(options) { client, world in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","2","room:1","hi",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","3","room:1","hi",{}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","4","room:1","hi",{}]
                """)
            let refusal = try await client.receiveMessage()
            #expect(refusal.ref == "4" && refusal.joinRef == "1")
            #expect(refusal.payload["status"] == "error")
            let response = refusal.payload["response"]
            #expect(response?["reason"] == "rate limited")
            let wait = try #require(response?["retry_after_ms"]?.doubleValue)
            #expect((99_000...100_000).contains(wait))
            #expect(world.notes.count { $0 == "hi" } == 2)
            #expect(await world.server.statistics().messagesRefusedForRate == 1)
            // Staying and going are always possible.
            try await client.play(
                """
                <- nothing
                -> ["1","5","room:1","phx_leave",{}]
                <- ["1","5","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                """)
        }
    }

    @Test("a join over its rate is refused; messages go on; tokens come back")
    func joins() async throws {
        var options = SocketOptions()
        options.joinRate = RateLimit(perSecond: 5, burst: 1)
        try await Self.connected(options) { client, world in
            try await client.join("room:1")
            let refusal = try await client.join("room:2", joinRef: "2", ref: "2")
            #expect(refusal.payload["response"]?["reason"] == "rate limited")
            let wait = try #require(refusal.payload["response"]?["retry_after_ms"]?.doubleValue)
            #expect((1...200).contains(wait))
            try await client.play(
                """
                -> ["1","3","room:1","hi",{}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try await Task.sleep(for: .milliseconds(Int64(wait) + 20))
            #expect(try await client.join("room:2", joinRef: "4", ref: "4").payload["status"] == "ok")
        }
    }

    @Test("the fourth refusal of the same join is answered without asking; another payload is asked about")
    func refusedForEver() async throws {
        try await Self.connected(SocketOptions()) { client, world in
            for index in 1...10 {
                let ref = JSON.string("\(index)")
                let reply = try await client.join("room:1", joinRef: ref, ref: ref, payloadJSON: #"{"deny":"no"}"#)
                #expect(reply.joinRef == ref)
                #expect(reply.payload == ["status": "error", "response": ["reason": "no"]])
            }
            #expect(world.notes.count { $0 == "join room:1" } == 3)
            #expect(await world.server.statistics().joinsRefusedFromMemory == 7)
            // Another topic, another payload: asked about.
            #expect(try await client.join("room:2", payloadJSON: #"{"deny":"no"}"#).payload["status"] == "error")
            #expect(try await client.join("room:1").payload["status"] == "ok")
            // Once let in, the count begins anew.
            try await client.play(
                """
                -> ["1","11","room:1","phx_leave",{}]
                <- ["1","11","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                """)
            for _ in 1...3 { try await client.join("room:1", payloadJSON: #"{"deny":"no"}"#) }
            #expect(world.notes.count { $0 == "join room:1" } == 7)
        }
    }

    @Test("a remembered refusal is asked about again when its time is over")
    func refusalExpires() async throws {
        var options = SocketOptions()
        options.refusedJoins?.after = 1
        options.refusedJoins?.hold = .milliseconds(100)
        try await Self.connected(options) { client, world in
            for _ in 1...3 { try await client.join("room:1", payloadJSON: #"{"deny":"no"}"#) }
            #expect(world.notes == ["join room:1"])
            try await Task.sleep(for: .milliseconds(120))
            try await client.join("room:1", payloadJSON: #"{"deny":"no"}"#)
            #expect(world.notes == ["join room:1", "join room:1"])
        }
    }

    @Test("with the memory off each refusal is asked about")
    func noMemory() async throws {
        var options = SocketOptions()
        options.refusedJoins = nil
        try await Self.connected(options) { client, world in
            for _ in 1...8 { try await client.join("room:1", payloadJSON: #"{"deny":"no"}"#) }
            #expect(world.notes.count == 8)
        }
    }

    @Test("a join that takes too long is answered as crashed; what it set up is taken down when it returns")
    func joinTimeout() async throws {
        var options = SocketOptions()
        options.joinTimeout = .milliseconds(50)
        try await Self.connected(options) { client, world in
            let reply = try await client.join("room:1", payloadJSON: #"{"wait":true}"#)
            #expect(reply.payload == ["status": "error", "response": ["reason": "join crashed"]])
            // Its late answer is not sent, and the topic is free.
            #expect(try await client.join("room:1", joinRef: "2", ref: "2").payload["status"] == "ok")
            world.gate("join").open()
            try await world.wait(for: "terminate room:1")
            try await client.play(
                """
                -> ["2","3","room:1","hi",{}]
                <- ["2","3","room:1","phx_reply",{"status":"ok","response":{}}]
                <- nothing
                """)
            let statistics = await world.server.statistics()
            #expect(statistics.joinTimeouts == 1)
            #expect(statistics.channelsOpen == 1)
        }
    }
}

private struct AskingSocket: WorldSocket {
    static var channels: Channels { Channels { channel("room:*", AskingRoom.self) } }
}

/// Refuses with `{deny: reason}`, waits with `{wait: true}`.
private final class AskingRoom: Firecrest.Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        socket.world?.note("join \(socket.topic)")
        if let reason = params["deny"] { return .error(["reason": reason] as JSON) }
        if params["wait"] != nil { await socket.world?.gate("join").pass() }
        return .ok
    }

    static var events: [Event<AskingRoom>] {
        on("hi") { _, _, socket in
            socket.world?.note("hi")
            return .ok
        }
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {
        socket.world?.note("terminate \(socket.topic)")
    }
}
