// Firecrest — a socket whose client says itself what it may do.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FoundationEssentials

extension AssignKey<Pass> {
    static let pass = AssignKey("pass")
}

/// A token of the tests, which nobody has to sign: `until=<seconds>;<topic>,<event>,…;<topic>@<seconds>`.
struct Pass: Sendable {
    let id: String?
    let grant: SocketGrant

    init(_ text: String) throws {
        var (id, grant) = (String?.none, SocketGrant())
        for part in text.split(separator: ";") {
            if let name = part.wholeMatch("id=") {
                id = String(name)
            } else if let seconds = part.wholeMatch("until=") {
                grant.expiresAt = Self.date(seconds)
            } else {
                let pieces = part.split(separator: "@")
                let words = pieces[0].split(separator: ",").map(String.init)
                grant.topics =
                    (grant.topics ?? []) + [
                        try TopicGrant(
                            pattern: words[0],
                            events: words.count > 1 ? words.dropFirst().filter { $0 != "none" } : nil,
                            expiresAt: pieces.count > 1 ? Self.date(pieces[1]) : nil)
                    ]
            }
        }
        (self.id, self.grant) = (id, grant)
    }

    private static func date(_ seconds: Substring) -> Date { .now + (Double(seconds) ?? 0) }
}

extension World {
    /// A client with this pass.
    func connect(_ wire: Wire? = nil, pass: String) async throws -> TestClient {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let escaped = pass.utf8.map { byte in
            allowed.contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return try await TestClient.connect(
            server, wire ?? self.wire, query: "world=\(id)&pass=\(escaped.joined())")
    }
}

extension Substring {
    fileprivate func wholeMatch(_ prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}

struct PassSocket: WorldSocket {
    static let channels = Channels {
        channel("room:*", PassRoom.self)
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        var assigns = try World.assigns(params)
        assigns[.pass] = try Pass(params.string("pass") ?? "")
        return assigns
    }

    static func id(_ assigns: Assigns) -> String? { assigns[.pass]?.id }

    static func grant(_ assigns: Assigns) -> SocketGrant? { assigns[.pass]?.grant }

    static func refresh(_ token: String, _ assigns: Assigns) async throws -> Assigns {
        switch token {
        case "bad": throw ConnectError.refused
        case "explained": throw ConnectError.refused(reason: #"a "quoted" reason"#)
        case "throw": throw CancellationError()
        case "wait":
            assigns[.world]?.note("refresh waits")
            await assigns[.world]?.gate("refresh").pass()
        default: break
        }
        assigns[.world]?.note("refresh")
        var assigns = assigns
        assigns[.pass] = try Pass(token == "wait" ? "" : token)
        return assigns
    }
}

/// `echo` and `write` reply; `wait` does at the gate `event`. A join with `{"wait": true}` waits at the gate `join`, one
/// with `{"refuse": true}` is refused.
final class PassRoom: Channel {
    private let name: String

    init(topic: Topic) { name = topic.name }

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        socket.world?.note("join \(name)")
        if params["wait"] == true { await socket.world?.gate("join").pass() }
        return params["refuse"] == true ? .error(["reason": "no"] as JSON) : .ok
    }

    static var events: [Event<PassRoom>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("write") { _, payload, _ in .ok(payload) }
        on("wait") { _, payload, socket async in
            socket.world?.note("waits")
            await socket.world?.gate("event").pass()
            return .ok(payload)
        }
    }

    func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {
        if case .revoked = reason { socket.world?.note("revoked \(name)") }
    }
}
