// Firecrest — bytes in binary frames, both ways, byte for byte (rows 86-97, appendix A.1)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

/// About serializer 2.0.0 alone: the other has no binary frames.
@Suite("Binary frames")
struct BinaryTests {
    /// Joined to `topic` with join_ref 7.
    static func joined(_ topic: String = "room:1", _ body: (TestClient, World) async throws -> Void) async throws {
        try await World.run(BinarySocket.self) { world in
            let client = try await world.connect()
            try await client.join(topic, joinRef: "7", ref: "7")
            try await body(client, world)
        }
    }

    /// The bytes of `00 01 726f`; blanks do not count.
    static func hex(_ text: String) -> [UInt8] {
        let digits = text.filter { $0 != " " }
        return stride(from: 0, to: digits.count, by: 2).map { offset in
            UInt8(digits.dropFirst(offset).prefix(2), radix: 16) ?? 0
        }
    }

    static func expect(
        _ client: TestClient, _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let frame = try await client.receive()
        #expect(frame == .binary(ByteBuffer(bytes: bytes)), sourceLocation: sourceLocation)
    }

    @Test("a client's frame reaches the handler as its event and its bytes")
    func phx_86_client_push() async throws {
        try await Self.joined { client, _ in
            try await client.sendBinary(Self.hex("00 01 01 06 04 37 39 726f6f6d3a31 6b696e64 00ff227bdead"))
            try await client.play(
                #"<- ["7","9","room:1","phx_reply",{"status":"ok","response":{"binary":[0,255,34,123,222,173]}}]"#)
            // The same event with JSON is JSON.
            try await client.play(
                """
                -> ["7","10","room:1","kind",{"a":1}]
                <- ["7","10","room:1","phx_reply",{"status":"ok","response":{"json":{"a":1}}}]
                """)
        }
    }

    @Test("a reply of bytes is kind 1")
    func phx_87_reply() async throws {
        try await Self.joined { client, _ in
            try await client.play(#"-> ["7","9","room:1","reply",[190,239]]"#)
            try await Self.expect(client, Self.hex("01 01 01 06 02 37 39 726f6f6d3a31 6f6b beef"))
            try await client.play(#"-> ["7","10","room:1","refuse",[1]]"#)
            try await Self.expect(client, Self.hex("01 01 02 06 05 37 3130 726f6f6d3a31 6572726f72 01"))
        }
    }

    @Test("a push of bytes is kind 0 with three sizes and no ref")
    func phx_88_push() async throws {
        try await Self.joined { client, _ in
            try await client.play(#"-> ["7","9","room:1","push",[1,2]]"#)
            try await Self.expect(client, Self.hex("00 01 06 03 37 726f6f6d3a31 696d67 0102"))
        }
    }

    @Test("a broadcast of bytes is kind 2 with two sizes, from a channel and from the server")
    func phx_89_broadcast() async throws {
        try await Self.joined { client, world in
            let frame = Self.hex("02 06 03 726f6f6d3a31 696d67 0102")
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.play(#"-> ["7","9","room:1","broadcast",[1,2]]"#)
            for client in [client, other] { try await Self.expect(client, frame) }
            try world.server.endpoint.broadcast("room:1", "img", Payload.bytes(1, 2))
            for client in [client, other] { try await Self.expect(client, frame) }
        }
    }

    @Test("the vectors of appendix A.1, in one conversation")
    func phx_90_vectors() async throws {
        try await Self.joined { client, _ in
            try await client.sendBinary(Self.hex("00 01 01 06 04 37 39 726f6f6d3a31 626c6f62 dead"))
            try await Self.expect(client, Self.hex("00 01 06 03 37 726f6f6d3a31 696d67 0102"))
            try await Self.expect(client, Self.hex("02 06 03 726f6f6d3a31 696d67 0102"))
            try await Self.expect(client, Self.hex("01 01 01 06 02 37 39 726f6f6d3a31 6f6b beef"))
            try await client.play("<- nothing")
        }
    }

    @Test(
        "what does not fit into a size byte is an error for its sender: a topic of 256 bytes; JSON goes on",
        arguments: [255, 256])
    func phx_91_long_topic(bytes: Int) async throws {
        let topic = "room:" + String(repeating: "x", count: bytes - 5)
        try await Self.joined(topic) { client, _ in
            try await client.play(
                """
                -> ["7","8","\(topic)","push_json",{"a":1}]
                <- ["7",null,"\(topic)","img",{"a":1}]
                -> ["7","9","\(topic)","push",[1,2]]
                """)
            guard bytes > 255 else {
                return try await Self.expect(
                    client, Self.hex("00 01 ff 03 37") + Array(topic.utf8) + Self.hex("696d67 0102"))
            }
            try await client.play(
                """
                <- ["7","7","\(topic)","phx_error",{"reason":"channel_crash"}]
                -> ["10","10","\(topic)","phx_join",{}]
                <- ["10","10","\(topic)","phx_reply",{"status":"ok","response":{}}]
                -> ["10","11","\(topic)","push_json",{"a":1}]
                <- ["10",null,"\(topic)","img",{"a":1}]
                """)
        }
    }

    @Test(
        "a broadcast that does not fit is an error for the broadcaster, and nothing is sent",
        .oneProcess("a node encodes for its own clients, so that only their serializers can refuse a broadcast of it"))
    func longBroadcast() async throws {
        try await Self.joined { client, world in
            let error = #expect(throws: PayloadError.self) {
                try world.server.endpoint.broadcast("room:1", String(repeating: "e", count: 256), Payload.bytes(1))
            }
            #expect(error?.code == .fieldTooLong)
            try await client.play("<- nothing")
        }
    }

    @Test("sizes count bytes of UTF-8, not characters")
    func phx_92_non_ascii() async throws {
        let topic = "room:é🏔"
        try await Self.joined(topic) { client, _ in
            try await client.sendBinary(Self.hex("00 01 01 0b 04 37 39 726f6f6d3a c3a9 f09f8f94 70757368 5b395d"))
            try await Self.expect(client, Self.hex("00 01 0b 03 37 726f6f6d3a c3a9 f09f8f94 696d67 09"))
        }
    }

    @Test("kinds that clients never send close the connection", arguments: [1, 2, 3, 255] as [UInt8])
    func phx_93_kind(kind: UInt8) async throws {
        try await Self.undecodable([kind] + Self.hex("01 01 06 02 37 39 726f6f6d3a31 6f6b beef"))
    }

    @Test(
        "sizes that reach past the end close the connection",
        arguments: [
            "00 01 01 06 05 37 39 726f6f6d3a31 626c6f62", "00 ff ff ff ff", "00 ff 00 00 00 37", "00 01 01 06", "00",
            "00 00 00 00 01",
        ])
    func phx_94_past_the_end(frame: String) async throws {
        try await Self.undecodable(Self.hex(frame))
    }

    @Test("an empty frame closes the connection")
    func phx_95_empty_frame() async throws {
        try await Self.undecodable([])
    }

    /// Phoenix does not look.
    @Test(
        "a field that is not UTF-8 closes the connection",
        arguments: [
            "00 01 01 06 04 ff 39 726f6f6d3a31 6b696e64", "00 01 01 06 04 37 c3 726f6f6d3a31 6b696e64",
            "00 01 01 06 04 37 39 726f6f6d3aff 6b696e64", "00 01 01 06 04 37 39 726f6f6d3a31 6b6eeda0",
        ])
    func fieldsAreUTF8(frame: String) async throws {
        try await Self.undecodable(Self.hex(frame))
    }

    /// Phoenix takes the empty join_ref for a text that differs, and drops the message.
    @Test("a join_ref of no bytes is a null one, and so is a ref")
    func phx_96_no_join_ref() async throws {
        try await Self.joined { client, _ in
            try await client.sendBinary(Self.hex("00 00 01 06 04 39 726f6f6d3a31 6b696e64 01"))
            try await client.play(
                #"<- ["7","9","room:1","phx_reply",{"status":"ok","response":{"binary":[1]}}]"#)
            try await client.sendBinary(Self.hex("00 01 00 06 04 37 726f6f6d3a31 6b696e64 01"))
            try await client.play(
                #"<- ["7",null,"room:1","phx_reply",{"status":"ok","response":{"binary":[1]}}]"#)
        }
    }

    @Test("no data is delivered as zero bytes, and sent as none")
    func phx_97_no_data() async throws {
        try await Self.joined { client, _ in
            try await client.sendBinary(Self.hex("00 01 01 06 04 37 39 726f6f6d3a31 6b696e64"))
            try await client.play(#"<- ["7","9","room:1","phx_reply",{"status":"ok","response":{"binary":[]}}]"#)
            try await client.play(#"-> ["7","9","room:1","push",[]]"#)
            try await Self.expect(client, Self.hex("00 01 06 03 37 726f6f6d3a31 696d67"))
        }
    }

    @Test("a stale join_ref is stale in bytes too; a join and a leave may come as bytes")
    func lifecycle() async throws {
        try await World.run(BinarySocket.self) { world in
            let client = try await world.connect()
            func send(_ fields: String...) async throws {
                try await client.sendBinary(try Wire.push(fields, ByteBuffer(bytes: [5])))
            }
            try await send("7", "7", "room:1", "phx_join")
            try await client.play(#"<- ["7","7","room:1","phx_reply",{"status":"ok","response":{}}]"#)
            #expect(world.notes == ["joined with bytes"])
            try await send("6", "8", "room:1", "kind")
            try await client.play("<- nothing")
            try await send("7", "9", "room:1", "phx_leave")
            try await client.play(
                """
                <- ["7","9","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["7","7","room:1","phx_close",{}]
                """)
        }
    }

    /// Otherwise the scenarios of the other files would say nothing about the wires that they are played over.
    @Test("each wire of the scenarios is what its name says, both ways", arguments: Wire.all)
    func wires(wire: Wire) async throws {
        try await World.run(BinarySocket.self, wire: wire) { world in
            let client = try await world.connect()
            try await client.join("room:1", joinRef: "7", ref: "7")
            try await client.send(#"["7","9","room:1","echo",{"a":1}]"#)
            let object =
                #"{"topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{"a":1}},"ref":"9"}"#
            let expected: ReceivedFrame =
                switch wire.form {
                case .v1: .text(object)
                case .v2: .text(#"["7","9","room:1","phx_reply",{"status":"ok","response":{"a":1}}]"#)
                case .v2Binary:
                    .binary(
                        ByteBuffer(bytes: Self.hex("01 01 01 06 02 37 39 726f6f6d3a31 6f6b") + Array(#"{"a":1}"#.utf8)))
                }
            #expect(try await client.receive() == expected)
            #expect(world.notes == ["echo of \(wire.form == .v2Binary ? "bytes" : "JSON")"])
        }
    }

    /// Sends `frame` on a connection with a channel: it closes with 1011, and no other connection notices.
    private static func undecodable(_ frame: [UInt8]) async throws {
        try await joined { client, world in
            let other = try await world.connect()
            try await other.join("room:1")
            try await client.sendBinary(frame)
            let close = try await client.receiveClose()
            #expect(close.code == 1011)
            #expect(close.reason.hasPrefix("invalid_binary: "))
            try await other.play("<- nothing")
        }
    }
}

private struct BinarySocket: WorldSocket {
    static let channels = Channels { channel("room:*", BinaryRoom.self) }
}

/// Sends the bytes that an event's JSON lists.
private final class BinaryRoom: Firecrest.Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        if params.payload.kind == .binary { socket.world?.note("joined with bytes") }
        return .ok
    }

    static var events: [Event<BinaryRoom>] {
        on("kind") { _, payload, _ in
            let bytes = payload.bytes.readableBytesView.map { JSON.integer(Int64($0)) }
            return .ok(payload.kind == .binary ? ["binary": .array(bytes)] : ["json": try payload.json()] as JSON)
        }
        on("echo") { _, payload, socket in
            socket.world?.note("echo of \(payload.kind == .binary ? "bytes" : "JSON")")
            return .ok(payload)
        }
        on("reply") { _, payload, _ in .ok(try bytes(payload)) }
        on("refuse") { _, payload, _ in .error(try bytes(payload)) }
        on("push") { _, payload, socket in
            socket.push("img", try bytes(payload))
            return .noReply
        }
        on("push_json") { _, payload, socket in
            socket.push("img", payload)
            return .noReply
        }
        on("broadcast") { _, payload, socket in
            socket.broadcast("img", try bytes(payload))
            return .noReply
        }
        on("blob") { _, payload, socket in
            guard payload == Payload.bytes(0xDE, 0xAD) else { throw Thrown() }
            socket.push("img", Payload.bytes(1, 2))
            socket.broadcast("img", Payload.bytes(1, 2))
            return .ok(Payload.bytes(0xBE, 0xEF))
        }
    }

    private static func bytes(_ payload: Payload) throws -> Payload {
        let numbers = try payload.json().arrayValue ?? []
        return .binary(ByteBuffer(bytes: numbers.compactMap { $0.intValue.flatMap(UInt8.init(exactly:)) }))
    }
}
