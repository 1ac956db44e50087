// Firecrest — a socket that is slow about everything.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

/// `connect` does not come to an end unless the client says `open`; `hang` in a room does not either.
struct HangingSocket: Socket {
    static let channels = Channels { channel("room:*", HangingRoom.self) }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        if params["open"] == nil { try await Task.sleep(for: .seconds(3_600)) }
        return Assigns()
    }
}

final class HangingRoom: Channel {
    init(topic: Topic) {}

    static var events: [Event<HangingRoom>] {
        on("hang") { _, _, _ in
            try await Task.sleep(for: .seconds(3_600))
            return .noReply
        }
    }
}
