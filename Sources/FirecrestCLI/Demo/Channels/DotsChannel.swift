// Firecrest — `game:dots`: everybody steers a dot; all hear where all dots are, 30 times a second.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

final class DotsChannel: Channel {
    private let field = Stage.shared.field
    private var seat: Seat?  // the dot is gone with it, however the client leaves

    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        seat = field.enter()
        guard let seat else { return .error(["reason": "the field is full"]) }
        return .ok(["dot": .integer(Int64(seat.number))] as JSON)
    }

    static var events: [Event<DotsChannel>] {
        on("steer") { channel, message, _ in  // two signed bytes: to the right, and down
            if let seat = channel.seat { channel.field.steer(seat, message) }
            return .noReply
        }
    }
}

extension Field: Act {
    static let ticksPerSecond = 30

    func tick(_ endpoint: Endpoint) throws {
        // Encoded once, whoever listens; who does not keep up with the frames gets the latest.
        try endpoint.localBroadcast("game:dots", "frame", .binary(moved()), slowConsumers: .latest)
    }
}
