// Firecrest — remembers refused joins, for clients that ask again for ever.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import NIOCore

/// Bounds of the memory for refused joins.
///
/// phoenix.js asks again after a refusal, every ten seconds for ever, and a page left open does so for days. A join that
/// was refused several times in a row, on one connection, for the same topic and with the same payload, is answered with
/// the refusal that is known, and the channel's `join` is not run, until `hold` has passed since it last was.
public struct RefusedJoinLimits: Sendable, Hashable {
    /// Refusals in a row after which the answer is remembered. Defaults to 3: whoever waits to be let in is asked about
    /// on each of the first tries.
    public var after = 3
    /// How long a refusal is answered from memory. Defaults to 30 s, three of phoenix.js's retries: the longest that
    /// somebody who has been let in meanwhile must wait.
    public var hold = Duration.seconds(30)
    /// Topics that one connection's refusals are remembered for; the oldest makes room. Defaults to 16.
    public var maxTopics = 16
    /// Largest refusal that is remembered, in bytes. Defaults to 1 KiB.
    public var maxResponseBytes = 1_024

    public init() {}
}

/// The refused joins of one connection.
struct RefusedJoins {
    private struct Entry {
        let topic: String
        let payload: Int
        var count: Int
        var response: Payload
        var until: NIODeadline
    }

    /// No memory while there are none.
    private var entries: [Entry] = []

    /// The answer to a join that need not be asked about; nil when it must be.
    func response(topic: String, payload: Payload, limits: RefusedJoinLimits, now: NIODeadline) -> Payload? {
        guard let entry = entries.first(where: { $0.topic == topic }), entry.count >= limits.after, now < entry.until,
            entry.payload == payload.hashValue
        else { return nil }
        return entry.response
    }

    mutating func refused(
        topic: String, payload: Payload, response: Payload, limits: RefusedJoinLimits, now: NIODeadline
    ) {
        let hash = payload.hashValue
        var count = 1
        if let index = entries.firstIndex(where: { $0.topic == topic }) {
            let old = entries.remove(at: index)
            if old.payload == hash { count = min(old.count + 1, limits.after) }
        }
        guard response.count <= limits.maxResponseBytes, limits.maxTopics > 0 else { return }
        if entries.count >= limits.maxTopics { entries.removeFirst() }
        entries.append(
            Entry(
                topic: topic, payload: hash, count: count, response: response.copied(),
                until: now + TimeAmount(limits.hold)))
    }

    mutating func accepted(topic: String) {
        if !entries.isEmpty { entries.removeAll { $0.topic == topic } }
    }
}
