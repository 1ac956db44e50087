// Firecrest — which worker process, and which of its lives.
// SPDX-License-Identifier: Apache-2.0

/// A place among the workers, and how often it has been filled.
public struct WorkerID: Sendable, Hashable {
    /// Counted from 0. The worker that takes the place of one that ended has the same.
    public let slot: Int
    /// Counted from 1 over all slots: two processes never have the same.
    public let life: Int

    package init(slot: Int, life: Int) {
        self.slot = slot
        self.life = life
    }

    /// A node name that no other process of this supervising process ever has.
    package func nodeName(_ base: String) -> String { "\(base)/\(slot).\(life)" }
}

extension WorkerID: CustomStringConvertible {
    public var description: String { "worker \(slot) (life \(life))" }
}
