// Firecrest — broadcasts through channels: who gets them, interception, further topics, what they cost (rows 150-158)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Synchronization
import Testing

@Suite("Broadcasts through channels")
struct BroadcastTests {
    /// Two clients, both joined to the topic with join_ref 1.
    static func two(
        _ topic: String, _ wire: Wire, _ body: (TestClient, TestClient, World) async throws -> Void
    ) async throws {
        try await World.run(BroadcastSocket.self, wire: wire) { world in
            let clients = try await world.crowd(2, topic: topic)
            try await body(clients[0], clients[1], world)
        }
    }

    @Test("a broadcast reaches every client on the topic, its sender too, with null refs", arguments: Wire.all)
    func phx_150_broadcast(wire: Wire) async throws {
        try await Self.two("room:1", wire) { first, second, _ in
            try await first.play(
                """
                -> ["1","2","room:1","broadcast",{"a":1}]
                <- [null,null,"room:1","news",{"a":1}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                <- nothing
                """)
            try await second.play(
                """
                <- [null,null,"room:1","news",{"a":1}]
                <- nothing
                """)
        }
    }

    @Test("broadcastFrom reaches the others", arguments: Wire.all)
    func phx_151_broadcast_from(wire: Wire) async throws {
        try await Self.two("room:1", wire) { first, second, _ in
            try await first.play(
                """
                -> ["1","2","room:1","broadcast_from",{"a":1}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try await second.play(#"<- [null,null,"room:1","news",{"a":1}]"#)
            try await first.play("<- nothing")
        }
    }

    @Test("an intercepted event goes through handleOut; what that pushes has the join_ref", arguments: Wire.all)
    func phx_152_intercept(wire: Wire) async throws {
        try await Self.two("intercept:1", wire) { first, second, world in
            try world.broadcast("intercept:1", "changed", ["n": 1])
            for client in [first, second] {
                try await client.play(
                    """
                    <- ["1",null,"intercept:1","changed",{"n":1,"by":"handleOut"}]
                    <- nothing
                    """)
            }
            #expect(world.notes == ["handleOut intercept:1 changed", "handleOut intercept:1 changed"])
        }
    }

    @Test("what handleOut does not push, the client does not get", arguments: Wire.all)
    func phx_153_intercept_and_drop(wire: Wire) async throws {
        try await Self.two("intercept:1", wire) { first, second, world in
            try world.broadcast("intercept:1", "dropped")
            try world.broadcast("intercept:1", "other")
            for client in [first, second] { try await client.play(#"<- [null,null,"intercept:1","other",{}]"#) }
            #expect(world.notes == ["handleOut intercept:1 dropped", "handleOut intercept:1 dropped"])
        }
    }

    @Test("an event that is not intercepted runs no channel code", arguments: Wire.all)
    func phx_154_no_intercept(wire: Wire) async throws {
        try await Self.two("intercept:1", wire) { first, second, world in
            try world.broadcast("intercept:1", "other", ["n": 1])
            for client in [first, second] {
                try await client.play(#"<- [null,null,"intercept:1","other",{"n":1}]"#)
            }
            #expect(world.notes == [])
        }
    }

    @Test("by default handleOut pushes as it is; one that throws ends the channel", arguments: Wire.all)
    func defaultAndThrowingHandleOut(wire: Wire) async throws {
        try await World.run(BroadcastSocket.self, wire: wire) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","default:1","phx_join",{}]
                <- ["1","1","default:1","phx_reply",{"status":"ok","response":{}}]
                -> ["2","2","intercept:1","phx_join",{}]
                <- ["2","2","intercept:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try world.broadcast("default:1", "changed", ["n": 1])
            try await client.play(#"<- ["1",null,"default:1","changed",{"n":1}]"#)
            try world.broadcast("intercept:1", "throws")
            try await client.play(#"<- ["2","2","intercept:1","phx_error",{"reason":"channel_crash"}]"#)
        }
    }

    @Test("an intercepted broadcast waits for the handler that runs; order is kept among them", arguments: Wire.all)
    func interceptWhileBusy(wire: Wire) async throws {
        try await World.run(BroadcastSocket.self, wire: wire) { world in
            let client = try await world.connect()
            try await client.join("default:1")
            try await client.send(#"["1","2","default:1","wait",{}]"#)
            try await world.wait(for: "waiting")
            for number in 0..<50 { try world.broadcast("default:1", "changed", ["n": .integer(Int64(number))]) }
            try await client.play("<- nothing")
            world.gate("handler").open()
            try await client.play(#"<- ["1","2","default:1","phx_reply",{"status":"ok","response":{}}]"#)
            for number in 0..<50 {
                try await client.play(#"<- ["1",null,"default:1","changed",{"n":\#(number)}]"#)
            }
        }
    }

    // MARK: further topics

    @Test("broadcasts of a further topic come to handleInfo; the client gets nothing by itself", arguments: Wire.all)
    func phx_155_subscribe(wire: Wire) async throws {
        try await Self.subscribed(wire) { client, world in
            try world.broadcast("news", "headline", ["n": 1])
            try await world.wait(for: #"handleInfo news headline {"n":1}"#)
            try await client.play("<- nothing")
            try world.broadcast("news", "tell", ["n": 2])
            try await client.play(#"<- ["1",null,"sub:1","told",{"n":2}]"#)
        }
    }

    @Test("after unsubscribing nothing comes any more", arguments: Wire.all)
    func phx_158_unsubscribe(wire: Wire) async throws {
        try await Self.subscribed(wire) { client, world in
            try await client.play(
                """
                -> ["1","3","sub:1","unsubscribe",{}]
                <- ["1","3","sub:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try world.broadcast("news", "headline")
            try world.broadcast("sub:1", "still_here")
            try await client.play(#"<- [null,null,"sub:1","still_here",{}]"#)
            #expect(world.notes == [])
        }
    }

    @Test("subscribed twice, a channel hears twice; one unsubscribe ends both", arguments: Wire.all)
    func phx_240_subscribed_twice(wire: Wire) async throws {
        try await Self.subscribed(wire) { client, world in
            try await client.play(
                """
                -> ["1","3","sub:1","subscribe",{}]
                <- ["1","3","sub:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try world.broadcast("news", "tell", ["n": 1])
            try await client.play(
                """
                <- ["1",null,"sub:1","told",{"n":1}]
                <- ["1",null,"sub:1","told",{"n":1}]
                <- nothing
                -> ["1","4","sub:1","unsubscribe",{}]
                <- ["1","4","sub:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try world.broadcast("news", "tell", ["n": 2])
            try world.broadcast("sub:1", "still_here")
            try await client.play(
                """
                <- [null,null,"sub:1","still_here",{}]
                <- nothing
                """)
        }
    }

    @Test("subscriptions end with their channel", arguments: Wire.all)
    func phx_241_subscriber_ends(wire: Wire) async throws {
        try await Self.subscribed(wire) { client, world in
            try await client.play(
                """
                -> ["1","3","sub:1","phx_leave",{}]
                <- ["1","3","sub:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","sub:1","phx_close",{}]
                """)
            try world.broadcast("news", "tell", ["n": 1])
            try world.broadcast("sub:1", "anything")
            try await client.play("<- nothing")
            #expect(world.notes == [])
        }
    }

    private static func subscribed(_ wire: Wire, _ body: (TestClient, World) async throws -> Void) async throws {
        try await World.run(BroadcastSocket.self, wire: wire) { world in
            let client = try await world.connect()
            try await client.join("sub:1")
            try await client.play(
                """
                -> ["1","2","sub:1","subscribe",{}]
                <- ["1","2","sub:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try await body(client, world)
        }
    }

    // MARK: crowds

    /// The broadcast `news` of room:1.
    private static func news(_ number: Int) -> ReceivedMessage {
        ReceivedMessage(
            joinRef: nil, ref: nil, topic: "room:1", event: "news", payload: ["n": .integer(Int64(number))])
    }

    @Test("1,000 clients, two serializers: one broadcast is encoded exactly twice")
    func phx_156_encoded_twice() async throws {
        let serializers = [
            BroadcastCounter(V1JSONSerializer(limits: MessageLimits())),
            BroadcastCounter(V2JSONSerializer(limits: MessageLimits())),
        ]
        var options = SocketOptions()
        options.serializers = [
            SerializerOption(serializers[0], versions: "~> 1.0.0"),
            SerializerOption(serializers[1], versions: "~> 2.0.0"),
        ]
        try await World.run(BroadcastSocket.self, socket: options, share: .alone) { world in
            let clients = try await world.crowd(1_000, topic: "room:1") { $0.isMultiple(of: 2) ? .v1 : .v2 }
            try world.broadcast("room:1", "news", ["n": 1])
            for (index, client) in clients.enumerated() {
                try #require(
                    try await client.receiveText()
                        == (index.isMultiple(of: 2)
                            ? #"{"topic":"room:1","event":"news","payload":{"n":1},"ref":null}"#
                            : #"[null,null,"room:1","news",{"n":1}]"#))
            }
            // Each worker encodes once for those of its clients.
            #expect(serializers.allSatisfy { (1...TestServer.workers).contains($0.count) })
            #expect(await world.server.statistics().broadcastsDelivered == 1_000)
        }
    }

    /// Clients enough for more than a slice of each loop; over HTTP, where each client is two connections, of one loop.
    private static func crowd(_ wire: Wire) -> Int { wire.carrier == .webSocket ? 1_000 : 300 }

    /// What the server broadcasts by itself is JSON, whatever its clients send.
    @Test("1,000 clients on two loops hear a hundred broadcasts, each in order", arguments: Wire.json)
    func crowdInOrder(wire: Wire) async throws {
        try await World.run(BroadcastSocket.self, wire: wire, share: .alone) { world in
            let clients = try await world.crowd(Self.crowd(wire), topic: "room:1")
            for number in 0..<100 { try world.broadcast("room:1", "news", ["n": .integer(Int64(number))]) }
            for client in clients {
                for number in 0..<100 {
                    try #require(try await client.receiveMessage() == Self.news(number))
                }
            }
        }
    }

    @Test(
        "a channel's broadcast reaches its own client before what the channel sends next, however large the topic",
        arguments: Wire.all)
    func broadcastBeforeReply(wire: Wire) async throws {
        var options = EndpointOptions.test
        options.loops = 1
        try await World.run(BroadcastSocket.self, wire: wire, endpoint: options, share: .alone) { world in
            // More than a slice. The last one joined is reached last.
            let clients = try await world.crowd(300, topic: "room:1")
            let last = try #require(clients.last)
            for number in 0..<20 {
                try await last.send(#"["1",\#(number),"room:1","broadcast",{"n":\#(number)}]"#)
            }
            for number in 0..<20 {
                try await last.play(
                    """
                    <- [null,null,"room:1","news",{"n":\(number)}]
                    <- ["1",\(number),"room:1","phx_reply",{"status":"ok","response":{}}]
                    """)
            }
            for client in clients.dropLast() {
                for number in 0..<20 {
                    try #require(try await client.receiveMessage() == Self.news(number))
                }
            }
        }
    }

    @Test(
        "who joins while a large topic is being served gets its reply first, and nothing from before",
        .oneProcess("what another worker has broadcast before may arrive after a join"),
        arguments: Wire.all)
    func joinDuringALargeBroadcast(wire: Wire) async throws {
        var options = EndpointOptions.test
        options.loops = 1
        try await World.run(BroadcastSocket.self, wire: wire, endpoint: options, share: .alone) { world in
            let clients = try await world.crowd(300, topic: "room:1")
            let late = try await world.connect()
            // One connection's messages are read together: the broadcasts are under way when the join comes.
            try await late.sendTogether([
                #"["9","9","other:1","phx_join",{}]"#,
                #"["9","10","other:1","broadcast_to_room",{"n":1}]"#,
                #"["9","11","other:1","broadcast_to_room",{"n":2}]"#,
                #"["1","1","room:1","phx_join",{}]"#,
                #"["9","12","other:1","broadcast_to_room",{"n":3}]"#,
                #"["1","2","room:1","phx_leave",{}]"#,
            ])
            try await late.play(
                """
                <- ["9","9","other:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                <- [null,null,"room:1","news",{"n":3}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                <- nothing
                """)
            for client in clients {
                for number in 1...3 {
                    try #require(try await client.receiveMessage() == Self.news(number))
                }
            }
        }
    }
}

private struct BroadcastSocket: WorldSocket {
    static let channels = Channels {
        channel("room:*", BroadcastRoom.self)
        channel("other:*", OtherRoom.self)
        channel("intercept:*", InterceptRoom.self)
        channel("default:*", DefaultInterceptRoom.self)
        channel("sub:*", SubscribingRoom.self)
    }
}

private final class BroadcastRoom: Firecrest.Channel {
    init(topic: Topic) {}

    static var events: [Event<BroadcastRoom>] {
        on("broadcast") { _, payload, socket in
            socket.broadcast("news", payload)
            return .ok
        }
        on("broadcast_from") { _, payload, socket in
            socket.broadcastFrom("news", payload)
            return .ok
        }
    }
}

/// Broadcasts to a topic that is not its own.
private final class OtherRoom: Firecrest.Channel {
    init(topic: Topic) {}

    static var events: [Event<OtherRoom>] {
        on("broadcast_to_room") { _, payload, socket in
            try socket.world?.server.endpoint.broadcast("room:1", "news", payload)
            return .noReply
        }
    }
}

private final class InterceptRoom: Firecrest.Channel {
    init(topic: Topic) {}

    static var intercepts: [String] { ["changed", "dropped", "throws"] }
    static var events: [Event<InterceptRoom>] {}

    func handleOut(_ broadcast: BroadcastInfo, _ socket: ChannelSocket) throws {
        socket.world?.note("handleOut \(broadcast.topic) \(broadcast.event)")
        switch broadcast.event {
        case "changed":
            var members = try broadcast.payload.decode(JSON.self).objectValue ?? [:]
            members["by"] = "handleOut"
            socket.push(broadcast.event, JSON.object(members))
        case "throws": throw Thrown()
        default: break
        }
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws { socket.world?.note("handleInfo") }
}

private final class DefaultInterceptRoom: Firecrest.Channel {
    init(topic: Topic) {}

    static var intercepts: [String] { ["changed"] }
    static var events: [Event<DefaultInterceptRoom>] {
        on("wait") { _, _, socket in
            socket.world?.note("waiting")
            await socket.world?.gate("handler").pass()
            return .ok
        }
    }
}

private final class SubscribingRoom: Firecrest.Channel {
    init(topic: Topic) {}

    static var events: [Event<SubscribingRoom>] {
        on("subscribe") { _, _, socket in
            socket.subscribe("news")
            return .ok
        }
        on("unsubscribe") { _, _, socket in
            socket.unsubscribe("news")
            return .ok
        }
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        guard let broadcast = message as? BroadcastInfo else { throw Thrown() }
        if broadcast.event == "tell" {
            socket.push("told", broadcast.payload)
        } else {
            socket.world?.note("handleInfo \(broadcast.topic) \(broadcast.event) \(broadcast.payload)")
        }
    }
}

/// Counts how many broadcasts a serializer is asked to encode.
private final class BroadcastCounter: Serializer {
    private let base: any Serializer
    private let encoded = Atomic(0)

    init(_ base: any Serializer) {
        self.base = base
    }

    var count: Int { encoded.load(ordering: .acquiring) }
    var name: String { base.name }

    func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> Message {
        try base.decode(frame, kind: kind)
    }

    func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind {
        if message.kind == .broadcast { encoded.wrappingAdd(1, ordering: .acquiringAndReleasing) }
        return try base.encode(message, into: &buffer)
    }

    func sizeHint(_ message: OutboundMessage) -> Int { base.sizeHint(message) }
}
