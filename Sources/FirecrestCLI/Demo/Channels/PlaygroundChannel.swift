// Firecrest — `room:*` of the demo: the chat.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

final class PlaygroundChannel: Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        try await Playground.join(params, socket)
    }

    static var events: [Event<PlaygroundChannel>] {
        on("new_msg") { _, message, socket in
            socket.broadcast("new_msg", message)  // to everybody in the room; what is only passed on is never decoded
            return .noReply
        }
        on("shout_from") { _, message, socket in
            socket.broadcastFrom("shout", message)  // to everybody else: who is typing
            return .noReply
        }
        for event in playground { event }  // one for each behaviour of the protocol, to try things with
    }
}
