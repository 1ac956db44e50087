// Firecrest — where a session lives: what a later request needs to find it, on whichever loop or node it arrives.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A session's address. What a token holds.
///
/// As bytes, integers big-endian: version (1 byte, now 1) · node (8) · home loop (2) · session id (16) · issue time (8).
/// A reader refuses a version that it does not know and any other length.
struct SessionAddress: Hashable, Sendable {
    static let version: UInt8 = 1
    static let byteCount = 19 + SessionID.byteCount

    /// The node that the session lives on.
    var node: NodeTag
    /// Which of that node's event loops is the session's own, counted from 0.
    var loop: UInt16
    var id: SessionID
    /// When the session began, in seconds since 1970.
    var issuedAt: Int64

    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.version)
        buffer.writeInteger(node.rawValue)
        buffer.writeInteger(loop)
        buffer.writeInteger(id.high)
        buffer.writeInteger(id.low)
        buffer.writeInteger(issuedAt)
    }

    /// nil when there is no address of a known version at the reader's place.
    static func read(from buffer: inout ByteBuffer) -> SessionAddress? {
        guard let version = buffer.readInteger(as: UInt8.self), version == Self.version,
            let node = buffer.readInteger(as: UInt64.self), let loop = buffer.readInteger(as: UInt16.self),
            let high = buffer.readInteger(as: UInt64.self), let low = buffer.readInteger(as: UInt64.self),
            let issuedAt = buffer.readInteger(as: Int64.self)
        else { return nil }
        return SessionAddress(
            node: NodeTag(rawValue: node), loop: loop, id: SessionID(high: high, low: low), issuedAt: issuedAt)
    }
}
