// Firecrest — the example's socket: everybody needs a name.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest

extension AssignKey<String> {
    static let name = AssignKey("name")
}

public struct ChatSocket: Socket {
    public static var channels: Channels {
        Channels {
            channel("room:*", RoomChannel.self)
        }
    }

    public static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        guard let name = params.string("name"), (1...40).contains(name.count) else {
            throw ConnectError.refused(reason: "a chat needs a name of 1 to 40 characters")
        }
        var assigns = Assigns()
        assigns[.name] = name
        return assigns
    }
}
