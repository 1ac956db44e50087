// Firecrest — a handshake's answer that was right, to compare further ones with.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// A server's answers differ in the accept value (and in a date, once a second): what is otherwise the same in every byte
/// need not be parsed again.
struct KnownAnswer {
    private let before: [UInt8]
    private let after: [UInt8]

    /// `nil` when the accept value does not stand in the head.
    init?(_ head: ByteBuffer, key: String) {
        let accept = Array(WebSocketHandshake.accept(forKey: key).utf8)
        let bytes = head.readableBytesView
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: accept) }) else { return nil }
        before = Array(bytes[..<start])
        after = Array(bytes[(start + accept.count)...])
    }

    /// What comes behind the head, when it is this one with the accept value that answers `key`; `nil` otherwise.
    func rest(of bytes: ByteBuffer, key: String) -> ByteBuffer? {
        let accept = Array(WebSocketHandshake.accept(forKey: key).utf8)
        let matches = bytes.withUnsafeReadableBytes { bytes in
            bytes.starts(with: before, at: 0) && bytes.starts(with: accept, at: before.count)
                && bytes.starts(with: after, at: before.count + accept.count)
        }
        guard matches else { return nil }
        var rest = bytes
        rest.moveReaderIndex(forwardBy: before.count + accept.count + after.count)
        return rest
    }
}
