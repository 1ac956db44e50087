// Firecrest — objects with four keys through a real socket (rows 69-75)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

/// About the objects themselves; what channels do over serializer 1.0.0 is in the scenarios of the other files.
@Suite("Serializer V1 on the wire")
struct SerializerV1Tests {
    static func connected(_ body: (TestClient, World) async throws -> Void) async throws {
        try await World.run(ObjectSocket.self) { world in try await body(try await world.connect(vsn: "1.0.0"), world) }
    }

    static let join = #"{"topic":"room:1","event":"phx_join","payload":{"a":1},"ref":"1","join_ref":"4"}"#
    static let joined = #"{"topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}"#

    @Test("a join is answered with exactly topic, event, payload and ref")
    func phx_69_join() async throws {
        try await Self.connected { client, _ in
            try await client.play("-> \(Self.join)\n<- \(Self.joined)")
        }
    }

    @Test("an object without ref closes the connection")
    func phx_70_no_ref() async throws {
        try await Self.connected { client, _ in
            try await client.play(
                """
                -> {"topic":"room:1","event":"phx_join","payload":{}}
                <- close 1011
                """)
        }
    }

    @Test("an array closes the connection")
    func phx_71_array() async throws {
        try await Self.connected { client, _ in
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- close 1011
                """)
        }
    }

    @Test("joined without a join_ref, phx_close has a null ref")
    func phx_72_no_join_ref() async throws {
        try await Self.connected { client, _ in
            try await client.play(
                """
                -> {"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}
                <- \(Self.joined)
                -> {"topic":"room:1","event":"phx_leave","payload":{},"ref":"2"}
                <- {"topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"2"}
                <- {"topic":"room:1","event":"phx_close","payload":{},"ref":null}
                """)
        }
    }

    @Test("joined with join_ref 4, phx_close has ref 4 and no join_ref")
    func phx_73_join_ref() async throws {
        try await Self.connected { client, _ in
            try await client.play(
                """
                -> \(Self.join)
                <- \(Self.joined)
                -> {"topic":"room:1","event":"phx_leave","payload":{},"ref":"2","join_ref":"4"}
                <- {"topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"2"}
                <- {"topic":"room:1","event":"phx_close","payload":{},"ref":"4"}
                """)
        }
    }

    @Test("JSON in a binary frame is taken")
    func phx_74_binary_frame() async throws {
        try await Self.connected { client, _ in
            try await client.sendBinary(ByteBuffer(string: Self.join))
            try await client.play("<- \(Self.joined)")
        }
    }

    @Test("bytes cannot be pushed: the channel ends, the connection stays", arguments: ["push_bytes", "reply_bytes"])
    func phx_75_binary(event: String) async throws {
        try await Self.connected { client, _ in
            try await client.play(
                """
                -> \(Self.join)
                <- \(Self.joined)
                -> {"topic":"room:1","event":"\(event)","payload":{},"ref":"2","join_ref":"4"}
                <- {"topic":"room:1","event":"phx_error","payload":{"reason":"channel_crash"},"ref":"4"}
                -> {"topic":"phoenix","event":"heartbeat","payload":{},"ref":"3"}
                <- {"topic":"phoenix","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"3"}
                """)
        }
    }

    @Test("pushes, and broadcasts shared with clients of the other serializer, have a null ref")
    func pushes() async throws {
        try await Self.connected { client, world in
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.play(
                """
                -> \(Self.join)
                <- \(Self.joined)
                -> {"topic":"room:1","event":"push","payload":{"a":1},"ref":"2","join_ref":"4"}
                <- {"topic":"room:1","event":"pushed","payload":{"a":1},"ref":null}
                """)
            try world.broadcast("room:1", "news", ["n": 1])
            try await client.play(#"<- {"topic":"room:1","event":"news","payload":{"n":1},"ref":null}"#)
            try await other.play(#"<- [null,null,"room:1","news",{"n":1}]"#)
        }
    }

    @Test("with no version in the URL the first frame decides, for good")
    func firstFrameDecides() async throws {
        try await World.run(ObjectSocket.self) { world in
            let old = try await world.connect(vsn: nil)
            try await old.play("-> \(Self.join)\n<- \(Self.joined)")
            try await old.play(#"-> ["1","1","room:2","phx_join",{}]"# + "\n<- close 1011")
            let new = try await world.connect(vsn: nil)
            try await new.play(
                """
                -> ["1","1","room:2","phx_join",{}]
                <- ["1","1","room:2","phx_reply",{"status":"ok","response":{}}]
                -> \(Self.join)
                <- close 1011
                """)
        }
    }
}

private struct ObjectSocket: WorldSocket {
    static let channels = Channels { channel("room:*", ObjectRoom.self) }
}

private final class ObjectRoom: Firecrest.Channel {
    init(topic: Topic) {}

    static var events: [Event<ObjectRoom>] {
        on("push") { _, payload, socket in
            socket.push("pushed", payload)
            return .noReply
        }
        on("push_bytes") { _, _, socket in
            socket.push("bytes", Payload.bytes(1, 2, 3))
            return .ok
        }
        on("reply_bytes") { _, _, _ in .ok(Payload.bytes(1, 2, 3)) }
    }
}
