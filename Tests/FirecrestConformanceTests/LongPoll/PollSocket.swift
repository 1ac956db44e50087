// Firecrest — the socket and the channel of the tests of long poll.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore

/// Its clients may have an id.
struct PollSocket: WorldSocket {
    static let channels = Channels { channel("room:*", PollRoom.self) }

    private static let userID = AssignKey<String>("user_id")

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        if params.string("refuse") != nil { throw ConnectError.refused(reason: "the test wants it") }
        var assigns = try World.assigns(params)
        assigns[userID] = params.string("id")
        World.named(params.string("world"))?.note("connect \(info.transport) \(info.authToken ?? "no token")")
        return assigns
    }

    static func id(_ assigns: Assigns) -> String? { assigns[userID] }

    /// A world of it and a session in which nothing is joined.
    static func opened(
        _ longpoll: LongPollOptions = true, query: String = "", socket options: SocketOptions = SocketOptions(),
        endpoint: EndpointOptions = .test, _ body: (PollSession, World) async throws -> Void
    ) async throws {
        try await World.run(Self.self, socket: options, longpoll: longpoll, endpoint: endpoint) { world in
            try await body(try await world.poll(query: query), world)
        }
    }

    /// The same with room:1 joined, and the reply taken.
    static func joined(
        _ longpoll: LongPollOptions = true, query: String = "", socket options: SocketOptions = SocketOptions(),
        endpoint: EndpointOptions = .test, _ body: (PollSession, World) async throws -> Void
    ) async throws {
        try await opened(longpoll, query: query, socket: options, endpoint: endpoint) { session, world in
            try await session.join()
            try await body(session, world)
        }
    }
}

extension World {
    /// The target of a request of long poll, without a token.
    func pollTarget(query: String = "", vsn: String = "2.0.0") -> String {
        "/socket/longpoll?world=\(id)&vsn=\(vsn)" + (query.isEmpty ? "" : "&\(query)")
    }

    /// A session over long poll.
    func poll(query: String = "", vsn: String = "2.0.0") async throws -> PollSession {
        try await PollSession.open(server, pollTarget(query: query, vsn: vsn))
    }
}

extension PollSession {
    /// Joins with join_ref 1, and takes the reply.
    func join(_ topic: String = "room:1") async throws {
        let answer = try await post(#"["1","1","\#(topic)","phx_join",{}]"#)
        guard answer.status == 200 else { throw TestFailure("a join was answered \(answer)") }
        let messages = try await receive(1)
        guard messages == [#"["1","1","\#(topic)","phx_reply",{"status":"ok","response":{}}]"#] else {
            throw TestFailure("the reply to a join was expected, not \(messages)")
        }
    }

    /// A POST of one line that the room replies to with `{"n":n}`.
    func echo(_ number: Int) async throws {
        let answer = try await post(Self.echo(number))
        guard answer.status == 200 else { throw TestFailure("a POST was answered \(answer)") }
    }

    static func echo(_ number: Int) -> String { #"["1","e\#(number)","room:1","echo",{"n":\#(number)}]"# }
    static func echoed(_ number: Int) -> String {
        #"["1","e\#(number)","room:1","phx_reply",{"status":"ok","response":{"n":\#(number)}}]"#
    }

    /// A broadcast `news` of room:1 with `{"n":n}`.
    static func news(_ number: Int) -> String { #"[null,null,"room:1","news",{"n":\#(number)}]"# }
}

extension World {
    func news(_ number: Int) throws { try broadcast("room:1", "news", ["n": .integer(Int64(number))]) }
}

extension LongPollOptions {
    /// With a window that a test can wait for, and so with sessions that end soon when they are not polled.
    static func window(_ window: Duration) -> LongPollOptions {
        LongPollOptions { $0.window = window }
    }

    /// For tests of clients that go: over long poll the server knows of it when no GET has come for a while.
    static let brief = window(.milliseconds(600))
}

/// Notes its end.
final class PollRoom: Firecrest.Channel {
    init(topic: Topic) {}

    static var events: [Event<PollRoom>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("kind") { _, payload, _ in
            let bytes = payload.bytes.readableBytesView.map { JSON.integer(Int64($0)) }
            return .ok(payload.kind == .binary ? ["binary": .array(bytes)] : ["json": try payload.json()] as JSON)
        }
        on("note") { _, _, socket in
            socket.world?.note("noted")
            return .noReply
        }
        on("wait") { _, _, socket in
            socket.world?.note("waiting")
            await socket.world?.gate("handler").pass()
            return .ok
        }
        on("reply_bytes") { _, _, _ in .ok(Payload.bytes(1, 2)) }
        on("push_bytes") { _, _, socket in
            socket.push("img", Payload.bytes(1, 2))
            return .ok
        }
        on("broadcast_bytes") { _, _, socket in
            socket.broadcast("img", Payload.bytes(1, 2))
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
            case .stopped: "stopped"
            case .crashed: "crashed"
            }
        socket.world?.note("terminate: \(word)")
    }
}
