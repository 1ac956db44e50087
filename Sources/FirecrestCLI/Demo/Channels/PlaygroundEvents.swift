// Firecrest — what `room:*` of the demo takes besides the chat: one event for each behaviour of the protocol.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Glibc
import Synchronization

extension PlaygroundChannel {
    private struct LaterReply: Sendable {
        let ref: ReplyRef
        let n: JSON
    }

    private struct Crash: Error {}

    @EventsBuilder<PlaygroundChannel> static var playground: [Event<PlaygroundChannel>] {
        on("ping") { _, _, _ in .ok(Playground.pong) }
        on("echo") { _, message, _ in .ok(message) }
        on("fail", JSON.self) { _, message, _ in .error(["reason": message["reason"] ?? nil] as JSON) }
        on("silent") { _, _, _ in .noReply }
        on("later", JSON.self) { _, message, socket in
            let delay = Playground.milliseconds(message["ms"])
            socket.send(LaterReply(ref: try socket.replyRef(), n: message["n"] ?? nil), after: delay)
            return .noReply
        }
        on("shout") { _, message, socket in
            socket.broadcast("shout", message)
            return .noReply
        }
        on("push_me") { _, message, socket in
            socket.push("pushed", message)
            return .noReply
        }
        on("conn_info") { _, _, socket in .ok(Playground.connectionInfo(socket)) }
        on("whoami") { _, _, socket in .ok(Playground.client(socket)) }
        on("crash") { _, _, _ in throw Crash() }
        if Playground.hasTrap {
            on("trap") { _, _, _ in
                let nothing: [JSON] = []
                return .ok(nothing[1])
            }
            on("block", JSON.self) { _, message, _ in
                usleep(UInt32(Playground.milliseconds(message["ms"]) / .microseconds(1)))
                return .ok
            }
        }
        on("stop") { _, _, _ in .stop() }
        on("binary_echo") { _, message, _ in .ok(Payload.binary(message.bytes)) }
        on("binary_len") { _, message, _ in .ok(["size": .integer(Int64(message.count))] as JSON) }
        on("binary_push") { _, message, socket in
            socket.push("binary_pushed", Payload.binary(message.bytes))
            return .noReply
        }
        on("binary_shout") { _, message, socket in
            socket.broadcast("binary_shout", Payload.binary(message.bytes))
            return .noReply
        }
        on("close_me") { _, message, socket in
            socket.disconnect(Playground.closeCode(message), reason: "the client asked for it")
            return .noReply
        }
        on("kill_me") { _, _, socket in
            socket.dropConnection()
            return .noReply
        }
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        guard let later = message as? LaterReply else { return }
        try later.ref.reply(.ok(["n": later.n] as JSON))
    }
}

/// `realtime:*`: sends the event `broadcast` on to every other subscriber.
final class RealtimeChannel: Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        try await Playground.join(params, socket)
    }

    static var events: [Event<RealtimeChannel>] {
        on("broadcast") { _, message, socket in
            socket.broadcastFrom("broadcast", message)
            return .noReply
        }
    }
}

/// What the demo's channels share.
enum Playground {
    static let pong: Payload = (try? Payload(["pong": true] as JSON)) ?? .empty
    /// Delays that clients ask for are cut to this, so that nobody parks timers here for days.
    private static let maxDelay = 3_600_000.0

    /// Whether clients may end the process that serves them: an index out of range, as in anybody's code.
    static var hasTrap: Bool { trap.load(ordering: .relaxed) }
    private static let trap = Atomic(false)

    static func allowTrap() { trap.store(true, ordering: .relaxed) }

    static func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        let payload = try params.decode(JSON.self)
        if payload["deny"]?.boolValue == true { return .error(["reason": "denied"] as JSON) }
        if payload["hang_ms"] != nil { try await Task.sleep(for: milliseconds(payload["hang_ms"])) }
        return .ok(["topic": .string(socket.topic.name), "payload": payload] as JSON)
    }

    static func milliseconds(_ value: JSON?) -> Duration {
        .milliseconds(min(max(value?.doubleValue ?? 0, 0), maxDelay))
    }

    /// `{code: n}` where a close frame may carry it; 1001 otherwise.
    static func closeCode(_ message: Payload) -> CloseCode {
        guard let asked = (try? message.decode(JSON.self))?["code"]?.doubleValue,
            let code = UInt16(exactly: asked), CloseCode.isAllowedOnWire(code)
        else { return .goingAway }
        return CloseCode(rawValue: code)
    }

    static func connectionInfo(_ socket: ChannelSocket) -> JSON {
        let params = socket.assigns[.connectParams]?.values ?? [:]
        return [
            "params": .object(params.mapValues(json)),
            "transport": .string(socket.transport),
            "auth_token": socket.assigns[.authToken].map { .string($0) } ?? .null,
        ]
    }

    /// Who the client is to the server, behind whatever proxies it trusts. Only for connections with the parameter `whoami`.
    static func client(_ socket: ChannelSocket) -> JSON {
        guard let info = socket.assigns[.connectInfo] else { return ["reason": "connect with ?whoami=1"] }
        return [
            "address": info.peerData?.address.map { .string($0) } ?? .null,
            "port": info.peerData?.port.map { .integer(Int64($0)) } ?? .null,
            "certificate_bytes": info.peerData?.certificate.map { .integer(Int64($0.count)) } ?? .null,
            "scheme": info.uri.map { .string($0.scheme) } ?? .null,
            "host": info.uri.map { .string($0.host) } ?? .null,
            "uri_port": info.uri.map { .integer(Int64($0.port)) } ?? .null,
        ]
    }

    private static func json(_ value: ConnectParams.Value) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .list(let items): .array(items.map(json))
        case .map(let members): .object(members.mapValues(json))
        }
    }
}
