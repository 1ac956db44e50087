// Firecrest — a socket whose server side talks without being asked.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

struct TickSocket: Socket {
    static let channels = Channels {
        channel("tick:*", TickChannel.self)
    }
}

/// Pushes `tick` every 50 ms.
final class TickChannel: Channel {
    private struct Tick: Sendable {}

    init(topic: Topic) {}

    static var events: [Event<TickChannel>] {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        socket.send(Tick())
        return .ok
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        socket.push("tick", [:] as JSON)
        socket.send(Tick(), after: .milliseconds(50))
    }
}
