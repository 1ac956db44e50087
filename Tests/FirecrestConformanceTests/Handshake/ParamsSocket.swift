// Firecrest — a socket whose clients can ask what connect was told.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import NIOConcurrencyHelpers

/// `room:*` replies to a join with the connection's parameters. `?reject=1` refuses the client.
struct ParamsSocket: Socket {
    static let channels = Channels {
        channel("room:*", ParamsChannel.self)
    }

    private static let calls = NIOLockedValueBox<[ConnectParams]>([])

    /// How often `connect` was called with `?test=name`.
    static func connectCalls(of name: String) -> Int {
        calls.withLockedValue { $0.count { $0.string("test") == name } }
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        calls.withLockedValue { $0.append(params) }
        if params.string("reject") == "1" { throw ConnectError.refused(reason: "the test wants it") }
        var assigns = Assigns()
        assigns[.params] = params
        return assigns
    }
}

final class ParamsChannel: Channel {
    init(topic: Topic) {}

    static var events: [Event<ParamsChannel>] {
        on("echo") { _, payload, _ in .ok(payload) }
    }

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        .ok(JSON(ConnectParams.Value.map(socket.assigns[.params]?.values ?? [:])))
    }
}

extension AssignKey<ConnectParams> {
    fileprivate static let params = AssignKey("params")
}

extension JSON {
    fileprivate init(_ value: ConnectParams.Value) {
        switch value {
        case .string(let text): self = .string(text)
        case .list(let items): self = .array(items.map { JSON($0) })
        case .map(let members): self = .object(members.mapValues { JSON($0) })
        }
    }
}
