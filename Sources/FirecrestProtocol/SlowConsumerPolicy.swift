// Firecrest — what becomes of a broadcast whose client does not read as fast as it is sent to.
// SPDX-License-Identifier: Apache-2.0

/// What becomes of broadcasts to a client that does not read as fast as it is sent to.
///
/// What such a client has not read waits in memory, bounded in bytes by its transport
/// (`WebSocketOptions.maxOutboundBytes`, `EventStreamOptions.maxOutboundBytes`, `LongPollOptions.maxBufferedBytes`). This
/// says what happens at the bound: for all broadcasts of a topic where its channel is routed, or for one broadcast.
///
/// ```swift
/// channel("ticker:*", TickerChannel.self, slowConsumers: .dropOldest)
/// socket.broadcast("price", price, slowConsumers: .latest(key: "AAPL"))
/// ```
///
/// A client that misses broadcasts is not told; what it does get is in order. Replies, pushes and control frames are
/// never dropped: they take the room of broadcasts that may be, and where there are none such left, the connection is
/// closed with 1013. What was dropped is counted (`firecrest_broadcasts_dropped_oldest_total` and its like), logged once
/// per connection, and known to the channel: `ChannelSocket.droppedBroadcasts`, `Channel.handleMissed`.
public struct SlowConsumerPolicy: Sendable, Hashable {
    package enum Kind: UInt8, Sendable {
        case disconnect = 0
        case dropOldest = 1
        case dropNewest = 2
        case latest = 3
    }

    package let kind: Kind
    /// Of `.latest`; nil for the event's name.
    package let key: String?

    /// The connection is closed with 1013 ("try again later"): the client reconnects, joins again and misses nothing that
    /// it was not told of. The default.
    public static let disconnect = SlowConsumerPolicy(kind: .disconnect)

    /// The oldest broadcasts that may be dropped make room: for what is worth less the older it is.
    public static let dropOldest = SlowConsumerPolicy(kind: .dropOldest)

    /// The new broadcast is dropped: for what makes sense only together with what came before.
    public static let dropNewest = SlowConsumerPolicy(kind: .dropNewest)

    /// As `latest(key:)`, with the event's name as the key: the latest of each event.
    public static let latest = SlowConsumerPolicy(kind: .latest)

    /// Keeps the latest per key (conflation): for values of which only the newest counts.
    ///
    /// As soon as the client is behind, not only at the bound, a broadcast takes the place of the one on the same topic
    /// with the same key that still waits. So the keys keep their order, none starves, and what waits is no more than a
    /// message per key. At the bound, with too many keys, the oldest make room.
    public static func latest(key: String) -> SlowConsumerPolicy {
        SlowConsumerPolicy(kind: .latest, key: key)
    }

    package init(kind: Kind, key: String? = nil) {
        self.kind = kind
        self.key = key
    }
}
