// Firecrest — a socket whose connect does what the client's URL says, and keeps what it was told.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import NIOConcurrencyHelpers

/// `?do=` one of `refuse`, `reason`, `limit`, `throw`, `hang`; nothing accepts. `?test=name` keeps the call under a name.
struct ConnectSocket: Socket {
    static let channels = Channels {
        channel("room:*", ConnectChannel.self)
    }

    struct RateLimit: Sendable {
        let seconds: Int
    }

    struct Failure: Error {}

    struct Call: Sendable {
        let params: ConnectParams
        let info: ConnectInfo
    }

    private static let calls = NIOLockedValueBox<[Call]>([])
    private static let cancelled = NIOLockedValueBox<Set<String>>([])

    static func calls(of name: String) -> [Call] {
        calls.withLockedValue { $0.filter { $0.params.string("test") == name } }
    }

    /// Whether the task of a `connect` that hung was cancelled.
    static func wasCancelled(_ name: String) -> Bool {
        cancelled.withLockedValue { $0.contains(name) }
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        calls.withLockedValue { $0.append(Call(params: params, info: info)) }
        switch params.string("do") {
        case "refuse": throw ConnectError.refused
        case "reason": throw ConnectError.refused(reason: "banned until \"Monday\"")
        case "limit": throw ConnectError.refused(reason: RateLimit(seconds: 30))
        case "throw": throw Failure()
        case "hang":
            do {
                try await Task.sleep(for: .seconds(3_600))
            } catch {
                _ = cancelled.withLockedValue { $0.insert(params.string("test") ?? "") }
                throw error
            }
        default: break
        }
        return Assigns()
    }
}

final class ConnectChannel: Channel {
    init(topic: Topic) {}

    static var events: [Event<ConnectChannel>] {
        on("echo") { _, payload, _ in .ok(payload) }
    }
}
