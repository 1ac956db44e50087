// Firecrest — a channel whose handler needs integers
// SPDX-License-Identifier: Apache-2.0

import Firecrest

/// Adds integers.
struct SumSocket: Socket {
    static let channels = Channels { channel("sum:*", SumChannel.self) }
}

final class SumChannel: Channel {
    struct Question: Codable, Sendable {
        let numbers: [Int]
    }

    init(topic: Topic) {}

    static var events: [Event<SumChannel>] {
        on("sum", Question.self) { _, question, _ in
            .ok(["sum": .integer(Int64(question.numbers.reduce(0, +)))] as JSON)
        }
    }
}
