// Firecrest — `compare:run` of the demo: starts, changes and shows the comparison; README.md has its events.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import Logging

final class CompareChannel: Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        guard socket.topic == CompareHost.topic else { return .error(["reason": "unmatched topic"] as JSON) }
        return .ok(
            [
                "limits": CompareSettings.limits, "defaults": CompareSettings().json,
                "snapshot": CompareHost.shared.latest?.json ?? nil,
            ] as JSON)
    }

    static var events: [Event<CompareChannel>] {
        on("start", JSON.self) { _, settings, _ in Self.reply { try CompareHost.shared.start(settings) } }
        on("adjust", JSON.self) { _, settings, _ in Self.reply { try CompareHost.shared.adjust(settings) } }
        on("stop") { _, _, _ in
            CompareHost.shared.stop()
            return .ok
        }
        on("handshake") { _, _, _ async -> Reply in
            do {
                return .ok(try await CompareHost.shared.handshake())
            } catch {
                return Self.refusal(error)
            }
        }
        on("duplex") { _, _, _ async -> Reply in
            do {
                return .ok(try await CompareHost.shared.duplex())
            } catch {
                return Self.refusal(error)
            }
        }
    }

    static var unhandledEvent: UnhandledEvent { .replyError("no such event") }

    private static func reply(_ body: () throws -> JSON) -> Reply {
        do {
            return .ok(try body())
        } catch {
            return refusal(error)
        }
    }

    private static func refusal(_ error: any Error) -> Reply {
        if let refusal = error as? CompareHost.Refusal { return .error(refusal.response) }
        return .error(["code": "failed", "reason": .string("\(error)")] as JSON)
    }
}
