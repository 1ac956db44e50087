// Firecrest — heartbeats are answered whatever else goes on (rows 98-100)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Heartbeat")
struct HeartbeatTests {
    @Test("is answered with ok and nothing", arguments: Wire.all)
    func phx_98_heartbeat(wire: Wire) async throws {
        try await World.run(BusySocket.self, wire: wire) { world in
            try await world.connect().play(
                """
                -> [null,"1","phoenix","heartbeat",{}]
                <- [null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> ["9",2,"phoenix","heartbeat",{"any":"thing"}]
                <- [null,2,"phoenix","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test("is answered at once while a join takes its time", arguments: Wire.all)
    func phx_99_during_a_slow_join(wire: Wire) async throws {
        try await World.run(BusySocket.self, wire: wire) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","slow:1","phx_join",{}]
                -> [null,"2","phoenix","heartbeat",{}]
                <- [null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]
                """)
            world.gate("join").open()
            try await client.play(#"<- ["1","1","slow:1","phx_reply",{"status":"ok","response":{}}]"#)
        }
    }

    @Test("never reaches a channel, not even one that has joined the topic phoenix", arguments: Wire.all)
    func phx_100_topic_phoenix_joined(wire: Wire) async throws {
        try await World.run(BusySocket.self, wire: wire) { world in
            try await world.connect().play(
                """
                -> ["1","1","phoenix","phx_join",{}]
                <- ["1","1","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> ["1","2","phoenix","heartbeat",{}]
                <- [null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> ["1","3","phoenix","other",{}]
                <- ["1","3","phoenix","phx_reply",{"status":"ok","response":{}}]
                """)
            #expect(world.notes == ["other"])
        }
    }

    @Test("is answered while a handler is suspended, and while one runs on the thread pool", arguments: Wire.all)
    func duringAHandler(wire: Wire) async throws {
        try await World.run(BusySocket.self, wire: wire) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","phoenix","phx_join",{}]
                <- ["1","1","phoenix","phx_reply",{"status":"ok","response":{}}]
                -> ["1","2","phoenix","wait",{}]
                -> [null,"3","phoenix","heartbeat",{}]
                <- [null,"3","phoenix","phx_reply",{"status":"ok","response":{}}]
                """)
            world.gate("handler").open()
            try await client.play(#"<- ["1","2","phoenix","phx_reply",{"status":"ok","response":{}}]"#)
        }
    }
}

private struct BusySocket: WorldSocket {
    static let channels = Channels {
        channel("ph*", PhoenixTopic.self)
        channel("slow:*", SlowJoin.self)
    }
}

private final class PhoenixTopic: Channel {
    init(topic: Topic) {}

    static var events: [Event<PhoenixTopic>] {
        on("heartbeat") { _, _, socket in
            socket.world?.note("heartbeat")
            return .error(["reason": "a channel answered a heartbeat"])
        }
        on("other") { _, _, socket in
            socket.world?.note("other")
            return .ok
        }
        on("wait") { _, _, socket in
            await socket.world?.gate("handler").pass()
            return .ok
        }
    }
}

private final class SlowJoin: Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        await socket.world?.gate("join").pass()
        return .ok
    }

    static var events: [Event<SlowJoin>] {}
}
