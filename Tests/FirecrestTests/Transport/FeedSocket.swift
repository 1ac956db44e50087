// Firecrest — channels for the tests of event streams and short polls
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import FirecrestTestSupport

struct FeedSocket: Socket {
    static let channels = Channels {
        channel("feed:*", FeedChannel.self)
        channel("locked:*", LockedChannel.self)
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        switch params.string("as") {
        case "nobody": throw ConnectError.refused
        case "late": try await Task.sleep(for: .seconds(60))
        default: break
        }
        var assigns = Assigns()
        assigns[.client] =
            "\(info.transport) \(params.values.keys.sorted().joined(separator: ",")) \(info.authToken ?? "-")"
        return assigns
    }

    static func id(_ assigns: Assigns) -> String? { "feed-clients" }
}

extension AssignKey<String> {
    /// What `connect` heard.
    static let client = AssignKey("client")
}

/// Replies to a join with what it got. `secret` is for each client alone.
final class FeedChannel: Firecrest.Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        switch params["do"]?.stringValue {
        case "wait": try await Task.sleep(for: .milliseconds(params["ms"]?.intValue ?? 20))
        case "hang": try await Task.sleep(for: .seconds(60))
        case "push": socket.send(PushNow())
        case "bytes": return .ok(Payload.binary([1, 2, 3]))
        default: break
        }
        let client = socket.assigns[.client] ?? ""
        return .ok(["client": .string(client), "carrier": .string(socket.transport), "params": try params.decode()])
    }

    struct PushNow: Sendable {}

    static var events: [Event<FeedChannel>] {
        on("stop") { _, _, _ in .stop(.normal, reply: .ok) }
        on("say") { _, payload, socket in
            socket.broadcast("said", payload)
            return .ok
        }
        on("echo") { _, payload, _ in .ok(payload) }
    }

    static var intercepts: [String] { ["secret", "end"] }

    func handleOut(_ broadcast: BroadcastInfo, _ socket: ChannelSocket) throws {
        if broadcast.event == "end" { throw ChannelError.noMessage }
        socket.push("yours", ["from": .string(broadcast.event)])
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        if message is PushNow { socket.push("pushed", ["n": 1]) }
    }
}

final class LockedChannel: Firecrest.Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        .error(["reason": "locked"])
    }

    static var events: [Event<LockedChannel>] {}
}

extension TestClient {
    /// Sends a GET whose answer does not end, and reads the head.
    func openStream(_ path: String, headers: [String] = []) async throws -> String {
        let fields = headers.map { $0 + "\r\n" }.joined()
        try await sendBytes("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(fields)\r\n")
        return try await receiveText(through: "\r\n\r\n")
    }

    /// One event as its lines, or a comment.
    func receiveEvent() async throws -> String {
        try await receiveText(through: "\n\n")
    }
}
