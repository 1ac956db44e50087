// Firecrest — when what is to be done, at a rate that does not ask how the server is.
// SPDX-License-Identifier: Apache-2.0

/// The k-th action is due at the start plus k intervals, whatever became of those before it (an open loop).
struct Pacer {
    enum Action { case push, publish, heartbeat, cycle }

    let action: Action
    /// Who acts, in turn: indices of connections of this swarm.
    let members: [Int]
    /// Nanoseconds from one action to the next.
    let interval: Double
    let start: UInt64
    private(set) var done = 0

    init(_ action: Action, members: [Int], interval: Double, start: UInt64) {
        self.action = action
        self.members = members
        self.interval = interval
        self.start = start
    }

    /// When the next action is due.
    var due: UInt64 { start + UInt64(Double(done) * interval) }
    var member: Int { members[done % members.count] }

    mutating func advance() { done += 1 }
}
