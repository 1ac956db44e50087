// Firecrest — `server:figures`: the server's own figures, once a second, while somebody looks.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

final class FiguresChannel: Channel {
    private let monitor = Stage.shared.monitor
    private var seat: Seat?

    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        seat = monitor.seats.take()
        return seat == nil ? .error(["reason": "too many readers"]) : .ok(monitor.explanations)
    }

    static var events: [Event<FiguresChannel>] {}  // the client only listens
}

extension Monitor: Act {
    static let ticksPerSecond = 1

    func tick(_ endpoint: Endpoint) async throws {
        try await endpoint.localBroadcast("server:figures", "figures", figures(of: endpoint))
    }
}
