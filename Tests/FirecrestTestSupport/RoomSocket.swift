// Firecrest — a small socket for tests that are about something else than channels.
// SPDX-License-Identifier: Apache-2.0

package import Firecrest

/// `room:*` is open to everybody.
package struct RoomSocket: Socket {
    package static let channels = Channels {
        channel("room:*", RoomChannel.self)
    }
}

/// `echo` replies with its payload, `shout` broadcasts it, `push` pushes it back.
package final class RoomChannel: Channel {
    package init(topic: Topic) {}

    package static var events: [Event<RoomChannel>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("shout") { _, payload, socket in
            socket.broadcast("shout", payload)
            return .noReply
        }
        on("push") { _, payload, socket in
            socket.push("pushed", payload)
            return .noReply
        }
    }
}
