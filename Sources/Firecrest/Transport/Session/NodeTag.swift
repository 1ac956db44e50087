// Firecrest — a node's name in eight bytes.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FoundationEssentials

/// The first 64 bits of SHA-256 of a node's name: tells the nodes of a cluster apart at a fixed size, and says nothing
/// of the name to clients that hold it.
struct NodeTag: Hashable, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    init(_ node: String) {
        rawValue = SHA256.hash(data: Data(node.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
