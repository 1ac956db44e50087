// Firecrest — what tells one broadcast from all others.
// SPDX-License-Identifier: Apache-2.0

/// Names a broadcast for clients that ask for what came after it.
///
/// The number is the record's message id. It counts within one life of one node, which the epoch stands for: of another
/// life or node nothing is known, and its ids match nothing here.
package struct BroadcastID: Hashable, Sendable {
    package let epoch: UInt64
    package let number: UInt64

    package init(epoch: UInt64, number: UInt64) {
        self.epoch = epoch
        self.number = number
    }
}
