// Firecrest — the socket and the channel of the tests of joining
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport

/// Its channels do in `join` what the payload says.
struct JoinSocket: WorldSocket {
    static let channels = Channels {
        channel("room:*", JoinRoom.self)
        channel("one:*", JoinRoom.self, assigns: k(1))
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        try World.assigns(params).merging(k(0))
    }

    /// A world of it, and a client that has not joined anything.
    static func connected(
        _ wire: Wire, longpoll: LongPollOptions = true, _ body: (TestClient, World) async throws -> Void
    ) async throws {
        try await World.run(Self.self, wire: wire, longpoll: longpoll) { world in
            try await body(try await world.connect(), world)
        }
    }

    static func k(_ value: Int) -> Assigns {
        var assigns = Assigns()
        assigns[.k] = value
        return assigns
    }
}

extension AssignKey<Int> {
    fileprivate static let k = AssignKey("k")
}

/// Does in `join` what the join's payload says.
final class JoinRoom: Channel {
    private var name = ""

    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        name = params["name"]?.stringValue ?? ""
        switch params["do"]?.stringValue {
        case "push": socket.push("early", [:] as JSON)
        case "broadcast": socket.broadcast("early", [:] as JSON)
        case "broadcast_from": socket.broadcastFrom("early", [:] as JSON)
        case "reply_ref": _ = try socket.replyRef()
        case "welcome": socket.send("welcome")
        case "flood": for _ in 0...4_096 { socket.send("flood") }
        case "bytes": return .ok(Payload.bytes(1, 2))
        case "refuse_bytes": return .error(Payload.bytes(1, 2))
        case "nan": return .ok(["n": Double.nan])
        case "wait":
            socket.world?.note("joining")
            await socket.world?.gate("join").pass()
            socket.world?.note("joined")
        default: break
        }
        if params["throw"] == true { throw Thrown() }
        if let reason = params["refuse"] { return .error(reason) }
        if let response = params["response"] { return .ok(response) }
        return .ok
    }

    static var events: [Event<JoinRoom>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("push") { _, payload, socket in
            socket.push("pushed", payload)
            return .noReply
        }
        on("k") { _, _, socket in .ok(["k": .integer(Int64(socket.assigns[.k] ?? -1))]) }
        on("busy") { _, _, socket in
            let world = socket.world
            await world?.gate("busy").pass()
            socket.push("late", [:] as JSON)
            socket.broadcast("late", [:] as JSON)
            world?.note("busy is done")
            return .ok(["from": "the old channel"] as JSON)
        }
        on("busy_offloaded", .offloaded) { payload in
            let world = World.named(try payload.json()["world"]?.stringValue)
            world?.gate("busy").block()
            world?.note("busy is done")
            return .ok(["from": "the old channel"] as JSON)
        }
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        if let event = message as? String { socket.push(event, [:] as JSON) }
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {
        socket.broadcast("gone", ["name": .string(name)] as JSON)
        let word =
            switch reason {
            case .left: "left"
            case .closed: "closed"
            case .draining: "draining"
            case .revoked: "revoked"
            case .stopped: "stopped"
            case .crashed: "crashed"
            }
        socket.world?.note("terminate \(name): \(word)")
    }
}
