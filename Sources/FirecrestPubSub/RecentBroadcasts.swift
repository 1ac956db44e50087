// Firecrest — the last broadcasts of one topic, for clients that come to ask.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
package import FirecrestProtocol

/// One broadcast that is remembered. Owns its bytes.
package struct RecentBroadcast: Hashable, Sendable {
    package let id: BroadcastID
    package let event: String
    package let payload: Payload

    /// Copies the payload to its exact size: it may be a slice of a much larger buffer.
    package init(_ broadcast: Broadcast) {
        id = broadcast.id
        event = broadcast.record.event
        payload = broadcast.record.payload.copied()
    }

    /// What it counts for, in bytes: its content, and about what the memory needs besides.
    var size: Int { payload.count + event.utf8.count + RecentBroadcasts.overhead }
}

/// Where a client stands that asks.
package enum RecentCursor: Hashable, Sendable {
    /// It asks for the first time: nothing before now is its.
    case now
    case after(BroadcastID)
    /// What it sent is no cursor.
    case unknown
}

/// What a client gets.
package struct RecentAnswer: Sendable {
    package var messages: [RecentBroadcast]
    /// To ask with the next time.
    package var cursor: BroadcastID
    /// Something between the client's cursor and the messages may be lost to it.
    package var isMissing: Bool
}

/// Bounds of the memory of one topic.
package struct RecentLimits: Hashable, Sendable {
    package var maxMessages: Int
    package var maxBytes: Int

    package init(maxMessages: Int, maxBytes: Int) {
        self.maxMessages = maxMessages
        self.maxBytes = maxBytes
    }
}

/// The last broadcasts of a topic since somebody began to ask, bounded in messages and bytes; the oldest make room.
///
/// A cursor is the id of the last message that a client has, or of the beginning of this memory. One that is neither that
/// nor the id of a message kept here (it is too old, of the future, of another life of the server) is unknown: the client
/// gets all there is, and is told that it missed something. Where broadcasts may have been lost on their way here a gap
/// stands among the messages, with an id of its own: whoever is before it is told, once.
package struct RecentBroadcasts {
    /// What a message counts for besides its bytes.
    package static let overhead = 96

    private let limits: RecentLimits
    private enum Entry {
        case message(RecentBroadcast)
        case gap(BroadcastID)

        var id: BroadcastID {
            switch self {
            case .message(let message): message.id
            case .gap(let id): id
            }
        }

        var message: RecentBroadcast? { if case .message(let message) = self { message } else { nil } }
        var size: Int { message?.size ?? RecentBroadcasts.overhead }
    }

    private var entries: Deque<Entry> = []
    private var bytes = 0
    /// What came just before the oldest message here: whoever has it has missed nothing.
    private var floor: BroadcastID

    /// - Parameter start: an id that was never given out before.
    package init(limits: RecentLimits, start: BroadcastID) {
        self.limits = limits
        floor = start
    }

    package var count: Int { entries.count { $0.message != nil } }
    package var byteCount: Int { bytes }
    /// The cursor of somebody who has everything.
    package var newest: BroadcastID { entries.last?.id ?? floor }

    /// A message over the limits by itself is not kept, and what was before it is gone: whoever asks is told so.
    package mutating func append(_ message: RecentBroadcast) { append(.message(message)) }

    /// - Parameter id: one that was never given out before.
    package mutating func appendGap(_ id: BroadcastID) { append(.gap(id)) }

    private mutating func append(_ entry: Entry) {
        entries.append(entry)
        bytes += entry.size
        while entries.count > limits.maxMessages || bytes > limits.maxBytes, let oldest = entries.popFirst() {
            bytes -= oldest.size
            floor = oldest.id
        }
    }

    package func answer(_ cursor: RecentCursor) -> RecentAnswer {
        switch cursor {
        case .now:
            return RecentAnswer(messages: [], cursor: newest, isMissing: false)
        case .unknown:
            return RecentAnswer(messages: entries.compactMap(\.message), cursor: newest, isMissing: true)
        case .after(let id):
            // From the end: most clients are near it.
            let index = entries.lastIndex { $0.id == id }
            let rest = entries[(index.map { $0 + 1 } ?? entries.startIndex)...]
            let messages = rest.compactMap(\.message)
            let isKnown = index != nil || id == floor
            return RecentAnswer(
                messages: messages, cursor: newest, isMissing: !isKnown || messages.count < rest.count)
        }
    }
}
