// Firecrest — the socket that a comparison serves over every transport.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Logging

struct FeedSocket: Socket {
    static var channels: Channels {
        Channels { channel("feed:*", FeedChannel.self) }
    }

    static var longpoll: LongPollOptions { true }
    static var sse: EventStreamOptions { true }
    static var shortpoll: ShortPollOptions { true }

    // A thousand lines for a thousand clients would be measured too.
    static var log: Logger.Level? { nil }
}

/// Who joins gets the feed. `up` is what clients send in the demonstration of both directions at once.
final class FeedChannel: Channel {
    static let up = "up"
    /// Says how many `up` came, once the last has.
    static let upDone = "up_done"

    private var received = 0

    init(topic: Topic) {}

    static var logJoin: Logger.Level? { nil }

    static var events: [Event<FeedChannel>] {
        on(Self.up, JSON.self) { channel, message, socket in
            channel.received += 1
            if message["last"]?.boolValue == true {
                socket.push(Self.upDone, ["received": .integer(Int64(channel.received))] as JSON)
            }
            return .noReply
        }
    }
}
