// Firecrest — what channel code can do: reply, push, assign, refer to itself from elsewhere (rows 145-149, 157)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import Testing

@Suite("Channel API")
struct ChannelAPITests {
    static func joined(
        _ wire: Wire, longpoll: LongPollOptions = true, _ body: (TestClient, World) async throws -> Void
    ) async throws {
        try await World.run(APISocket.self, wire: wire, longpoll: longpoll) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{}]
                <- ["1","1","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            try await body(client, world)
        }
    }

    // MARK: replies

    @Test("the reply `.ok` is ok and nothing", arguments: Wire.all)
    func phx_145_reply_ok(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","ok",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    @Test("a status may be any word", arguments: Wire.all)
    func phx_146_status(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","weird",{}]
                <- ["1","2","room:1","phx_reply",{"status":"weird","response":{}}]
                -> ["1","3","room:1","weird_with",{}]
                <- ["1","3","room:1","phx_reply",{"status":"we\\"ird","response":{"a":1}}]
                -> ["1","4","room:1","error",{}]
                <- ["1","4","room:1","phx_reply",{"status":"error","response":{"reason":"no"}}]
                """)
        }
    }

    @Test("no reply is no frame", arguments: Wire.all)
    func phx_147_no_reply(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["1","2","room:1","no_reply",{}]
                <- nothing
                """)
            #expect(world.notes == ["no_reply"])
        }
    }

    @Test("a reply ref answers later, from any thread, as often as one likes", arguments: Wire.all)
    func phx_148_reply_ref(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["1","2","room:1","later",{}]
                <- nothing
                """)
            let ref = try #require(world.replyRef)
            try ref.reply(.ok(["n": 1] as JSON))
            try ref.reply(.error(["n": 2] as JSON))
            try await client.play(
                """
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{"n":1}}]
                <- ["1","2","room:1","phx_reply",{"status":"error","response":{"n":2}}]
                """)
        }
    }

    @Test("also after its channel has ended; not after its connection", arguments: Wire.all)
    func replyRefOutlivesItsChannel(wire: Wire) async throws {
        try await Self.joined(wire, longpoll: .brief) { client, world in
            try await client.play(
                """
                -> ["1","2","room:1","later",{}]
                -> ["1","3","room:1","phx_leave",{}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                """)
            let ref = try #require(world.replyRef)
            try ref.reply(.ok)
            try await client.play(#"<- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]"#)
            client.drop()
            try await world.waitForClients(0)
            try ref.reply(.ok)
        }
    }

    @Test("a reply ref's `.noReply` sends nothing, and what cannot be encoded is an error", arguments: Wire.all)
    func replyRefEdges(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["1","2","room:1","later",{}]
                <- nothing
                """)
            let ref = try #require(world.replyRef)
            try ref.reply(.noReply)
            let error = #expect(throws: PayloadError.self) { try ref.reply(.ok(["n": Double.infinity])) }
            #expect(error?.code == .notRepresentable)
            try await client.play("<- nothing")
        }
    }

    /// Serializer 1.0.0 alone has no form for bytes.
    @Test("a reply that this client's serializer cannot carry is logged when nobody is there to be told")
    func replyRefLogs() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await World.run(APISocket.self, endpoint: options) { world in
            let client = try await world.connect(vsn: "1.0.0")
            let heartbeat = #"{"ref":"3","topic":"phoenix","event":"heartbeat","payload":{}}"#
            let alive = #"{"ref":"3","topic":"phoenix","event":"phx_reply","payload":{"status":"ok","response":{}}}"#
            try await client.play(
                """
                -> {"join_ref":"1","ref":"1","topic":"room:1","event":"phx_join","payload":{}}
                <- {"ref":"1","topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{}}}
                -> {"join_ref":"1","ref":"2","topic":"room:1","event":"later","payload":{}}
                -> \(heartbeat)
                <- \(alive)
                """)
            try #require(world.replyRef).reply(.ok(Payload.bytes(1)))
            try await client.play("-> \(heartbeat)\n<- \(alive)")
            #expect(log.lines.contains { $0.level == .error && $0.metadata["error"]?.contains("binary") == true })
        }
    }

    @Test("there is no reply ref in handleInfo", arguments: Wire.all)
    func phx_149_reply_ref_in_handle_info(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","info_reply_ref",{}]
                <- ["1",null,"room:1","result",{"error":"noMessage"}]
                <- nothing
                """)
        }
    }

    @Test("nor for a message without a ref", arguments: Wire.all)
    func replyRefOfANullRef(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["1",null,"room:1","later",{}]
                <- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]
                """)
            #expect(world.replyRef == nil)
        }
    }

    // MARK: pushes

    @Test("pushes and the reply go out in the order of the code", arguments: Wire.all)
    func pushesAndReply(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","push_three",{}]
                <- ["1",null,"room:1","a",{"n":1}]
                <- ["1",null,"room:1","b",{"n":2}]
                <- [null,null,"room:1","c",{"n":3}]
                <- ["1",null,"room:1","d",{"n":4}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
        }
    }

    /// Serializer 1.0.0 alone has no form for bytes.
    @Test(
        "a push that cannot be encoded ends the channel, in whatever callback it happens",
        arguments: ["push_bytes", "info_push_bytes"])
    func pushThatCannotBeEncoded(event: String) async throws {
        try await World.run(APISocket.self) { world in
            let client = try await world.connect(vsn: "1.0.0")
            try await client.play(
                """
                -> {"join_ref":"1","ref":"1","topic":"room:1","event":"phx_join","payload":{}}
                <- {"ref":"1","topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{}}}
                -> {"join_ref":"1","ref":"2","topic":"room:1","event":"\(event)","payload":{}}
                <- {"ref":"1","topic":"room:1","event":"phx_error","payload":{"reason":"channel_crash"}}
                """)
        }
    }

    // MARK: assigns

    @Test("assigns set in one channel are seen by no other of the connection", arguments: Wire.all)
    func phx_157_assigns(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["2","2","room:2","phx_join",{}]
                <- ["2","2","room:2","phx_reply",{"status":"ok","response":{}}]
                -> ["1","3","room:1","set",{"name":"Ada"}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","4","room:1","get",{}]
                <- ["1","4","room:1","phx_reply",{"status":"ok","response":{"name":"Ada"}}]
                -> ["2","5","room:2","get",{}]
                <- ["2","5","room:2","phx_reply",{"status":"ok","response":{"name":null}}]
                -> ["3","6","room:3","phx_join",{}]
                <- ["3","6","room:3","phx_reply",{"status":"ok","response":{}}]
                -> ["3","7","room:3","get",{}]
                <- ["3","7","room:3","phx_reply",{"status":"ok","response":{"name":null}}]
                """)
        }
    }

    // MARK: messages from server code

    @Test("a channel's messages to itself come after the callback, in order", arguments: Wire.all)
    func sendToSelf(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","send_three",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1",null,"room:1","one",{}]
                <- ["1",null,"room:1","two",{}]
                <- ["1",null,"room:1","three",{}]
                """)
        }
    }

    /// The handler decodes its payload, which must be JSON for that.
    @Test(
        "a message sent for later comes later, the shorter wait first; not when the channel has ended by then",
        arguments: Wire.json)
    func sendLater(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["1","2","room:1","send_later",{"event":"second","ms":60}]
                -> ["1","3","room:1","send_later",{"event":"first","ms":20}]
                -> ["2","4","room:2","phx_join",{}]
                -> ["2","5","room:2","send_later",{"event":"never","ms":40}]
                -> ["2","6","room:2","phx_leave",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["2","4","room:2","phx_reply",{"status":"ok","response":{}}]
                <- ["2","5","room:2","phx_reply",{"status":"ok","response":{}}]
                <- ["2","6","room:2","phx_reply",{"status":"ok","response":{}}]
                <- ["2","2","room:2","phx_close",{}]
                <- ["1",null,"room:1","first",{}]
                <- ["1",null,"room:1","second",{}]
                <- nothing
                """)
        }
    }

    @Test(
        "a channel ref sends and pushes from any thread, in order; after the channel's end nothing happens",
        arguments: Wire.all)
    func channelRef(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["1","2","room:1","ref",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            let channel = try #require(world.channelRef)
            await Task.detached {
                channel.push("pushed", .empty)
                channel.send("sent")
                channel.push("pushed_again", .empty)
            }.value
            try await client.play(
                """
                <- ["1",null,"room:1","pushed",{}]
                <- ["1",null,"room:1","sent",{}]
                <- ["1",null,"room:1","pushed_again",{}]
                -> ["1","3","room:1","phx_leave",{}]
                <- ["1","3","room:1","phx_reply",{"status":"ok","response":{}}]
                <- ["1","1","room:1","phx_close",{}]
                """)
            channel.push("pushed", .empty)
            channel.send("sent")
            try await client.play("<- nothing")
        }
    }

    @Test(
        "a thousand messages of one sender reach a channel in order, also while its handlers wait", arguments: Wire.all)
    func channelRefOrder(wire: Wire) async throws {
        try await Self.joined(wire) { client, world in
            try await client.play(
                """
                -> ["1","2","room:1","ref",{}]
                <- ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]
                """)
            let channel = try #require(world.channelRef)
            try await client.sendTogether((0..<50).map { #"["1",\#($0),"room:1","yield",{}]"# })
            for number in 0..<1_000 { channel.send("n\(number)") }
            var (messages, replies) = (0, 0)
            while messages < 1_000 || replies < 50 {
                let message = try await client.receiveMessage()
                if message.event == "phx_reply" {
                    try #require(message.refNumber == replies)
                    replies += 1
                } else {
                    try #require(message.event == .string("n\(messages)"))
                    messages += 1
                }
            }
        }
    }

    @Test("handleInfo that throws ends the channel", arguments: Wire.all)
    func handleInfoThrows(wire: Wire) async throws {
        try await Self.joined(wire) { client, _ in
            try await client.play(
                """
                -> ["1","2","room:1","info_throw",{}]
                <- ["1","1","room:1","phx_error",{"reason":"channel_crash"}]
                """)
        }
    }

    @Test("without a handleInfo a message is logged and dropped", arguments: Wire.all)
    func defaultHandleInfo(wire: Wire) async throws {
        try await World.run(APISocket.self, wire: wire) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","plain:1","phx_join",{}]
                <- ["1","1","plain:1","phx_reply",{"status":"ok","response":{}}]
                -> ["1","2","plain:1","send",{}]
                <- ["1","2","plain:1","phx_reply",{"status":"ok","response":{}}]
                <- nothing
                """)
        }
    }

    // MARK: the record of it all

    @Test("the conversation that was observed with Phoenix itself (protocol notes, appendix A.4)", arguments: Wire.all)
    func transcript(wire: Wire) async throws {
        try await World.run(APISocket.self, wire: wire) { world in
            try await world.connect().play(
                """
                -> [null,"1","phoenix","heartbeat",{}]
                <- [null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]
                -> ["10","10","transcript:a","phx_join",{"a":1}]
                <- ["10","10","transcript:a","phx_reply",{"response":{"hi":1},"status":"ok"}]
                <- [null,null,"transcript:a","entered",{}]            (broadcast made after join)
                <- ["10",null,"transcript:a","welcome",{}]            (push)
                -> ["99","16","transcript:a","echo",{}]               (stale: nothing comes back)
                -> ["30","30","transcript:a","phx_join",{}]           (duplicate)
                <- ["30","30","transcript:a","phx_reply",{"response":{"hi":1},"status":"ok"}]
                <- ["10","10","transcript:a","phx_close",{}]
                -> ["30","31","transcript:a","phx_leave",{}]
                <- ["30","31","transcript:a","phx_reply",{"response":{},"status":"ok"}]
                <- ["30","30","transcript:a","phx_close",{}]
                <- ["30",null,"transcript:a","term",{}]               (push made in terminate)
                -> ["30","32","transcript:a","echo",{}]
                <- [null,"32","transcript:a","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]
                """)
        }
    }
}

private struct APISocket: WorldSocket {
    static let channels = Channels {
        channel("room:*", APIRoom.self)
        channel("plain:*", PlainRoom.self)
        channel("transcript:*", TranscriptRoom.self)
    }
}

extension AssignKey<String> {
    fileprivate static let name = AssignKey("name")
}

private struct Later: Decodable, SendableMetatype {
    var event: String
    var ms: Int
}

private final class APIRoom: Channel {
    private enum Deed: Sendable { case replyRef, fail, pushBytes }

    init(topic: Topic) {}

    static var events: [Event<APIRoom>] {
        on("ok") { _, _, _ in .ok }
        on("weird") { _, _, _ in .status("weird") }
        on("weird_with") { _, _, _ in .status("we\"ird", ["a": 1] as JSON) }
        on("error") { _, _, _ in .error(["reason": "no"] as JSON) }
        on("no_reply") { _, _, socket in
            socket.world?.note("no_reply")
            return .noReply
        }
        on("later") { _, _, socket in
            socket.world?.keep(try socket.replyRef())
            return .noReply
        }
        on("push_three") { _, _, socket in
            socket.push("a", ["n": 1] as JSON)
            socket.push("b", ["n": 2])
            socket.broadcast("c", ["n": 3] as JSON)
            socket.push("d", try Payload(["n": 4]))
            return .ok
        }
        on("push_bytes") { _, _, socket in
            socket.push("bytes", Payload.bytes(1))
            return .ok
        }
        on("set") { _, payload, socket in
            socket.assigns[.name] = try payload.json()["name"]?.stringValue
            return .ok
        }
        on("get") { _, _, socket in .ok(["name": socket.assigns[.name].map { .string($0) } ?? .null] as JSON) }
        on("send_three") { _, _, socket in
            for word in ["one", "two", "three"] { socket.send(word) }
            return .ok
        }
        on("send_later", Later.self) { _, later, socket in
            socket.send(later.event, after: .milliseconds(later.ms))
            return .ok
        }
        on("ref") { _, _, socket in
            socket.world?.keep(try socket.ref())
            return .ok
        }
        on("yield") { _, _, _ in
            await Task.yield()
            return .ok
        }
        on("info_reply_ref") { _, _, socket in
            socket.send(Deed.replyRef)
            return .noReply
        }
        on("info_throw") { _, _, socket in
            socket.send(Deed.fail)
            return .noReply
        }
        on("info_push_bytes") { _, _, socket in
            socket.send(Deed.pushBytes)
            return .noReply
        }
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        switch message {
        case let event as String: socket.push(event, [:] as JSON)
        case Deed.replyRef:
            do {
                _ = try socket.replyRef()
            } catch let error as ChannelError {
                socket.push("result", ["error": error == .noMessage ? "noMessage" : "another"] as JSON)
            }
        case Deed.pushBytes: socket.push("bytes", Payload.bytes(1))
        default: throw Thrown()
        }
    }
}

private final class PlainRoom: Channel {
    init(topic: Topic) {}

    static var events: [Event<PlainRoom>] {
        on("send") { _, _, socket in
            socket.send("to whom it may concern")
            return .ok
        }
    }
}

/// The channel of the observed transcript.
private final class TranscriptRoom: Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        if params["a"] != nil { socket.send("after_join") }
        return .ok(["hi": 1] as JSON)
    }

    static var events: [Event<TranscriptRoom>] { on("echo") { _, payload, _ in .ok(payload) } }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        socket.broadcast("entered", [:] as JSON)
        socket.push("welcome", [:] as JSON)
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) { socket.push("term", [:] as JSON) }
}
