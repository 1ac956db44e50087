// Firecrest — one event loop of one node, as other nodes know it.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Where calls between nodes go to and come from: an event loop has a topic of its own.
struct LoopPlace: Hashable, Sendable {
    let node: NodeTag
    /// Counted from 0.
    let loop: UInt16

    /// Begins with `__`, so that no client can join it.
    var topic: String {
        let digits = String(node.rawValue, radix: 16)
        return "__sessions:" + String(repeating: "0", count: 16 - digits.utf8.count) + digits + ":\(loop)"
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(node.rawValue)
        buffer.writeInteger(loop)
    }

    static func read(from buffer: inout ByteBuffer) -> LoopPlace? {
        guard let node = buffer.readInteger(as: UInt64.self), let loop = buffer.readInteger(as: UInt16.self)
        else { return nil }
        return LoopPlace(node: NodeTag(rawValue: node), loop: loop)
    }
}
