// Firecrest — what one node's loop says to another's, as bytes.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A message between two loops of different nodes.
///
/// Layout, integers big-endian: version (1 byte, now 1) · kind (1) · call number (8) · sender's node (8) and loop (2) ·
/// body. A reader refuses a version or a kind that it does not know, and a body where there is none.
struct NodeMessage: Hashable, Sendable {
    enum Kind: UInt8, Sendable, CaseIterable {
        /// Asks for an answer.
        case call = 0
        /// Asks for none.
        case notice = 1
        /// The answer to a call is no longer wanted.
        case cancel = 2
        /// The call has arrived where it can be answered; the answer takes a while.
        case taken = 3
        case answer = 4

        fileprivate var hasBody: Bool {
            switch self {
            case .call, .notice, .answer: true
            case .cancel, .taken: false
            }
        }
    }

    static let version: UInt8 = 1

    let kind: Kind
    /// The caller's: unique on its loop. That of a notice means nothing.
    let number: UInt64
    let from: LoopPlace
    var body = ByteBuffer()

    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(20 + body.readableBytes)
        buffer.writeInteger(Self.version)
        buffer.writeInteger(kind.rawValue)
        buffer.writeInteger(number)
        from.write(to: &buffer)
        buffer.writeImmutableBuffer(body)
        return buffer
    }

    /// nil for anything that `encoded` does not make.
    init?(decoding bytes: ByteBuffer) {
        var bytes = bytes
        guard bytes.readInteger(as: UInt8.self) == Self.version,
            let kind = bytes.readInteger(as: UInt8.self).flatMap(Kind.init(rawValue:)),
            let number = bytes.readInteger(as: UInt64.self), let from = LoopPlace.read(from: &bytes),
            kind.hasBody || bytes.readableBytes == 0
        else { return nil }
        self.init(kind: kind, number: number, from: from, body: bytes.slice())
    }

    init(kind: Kind, number: UInt64, from: LoopPlace, body: ByteBuffer = ByteBuffer()) {
        self.kind = kind
        self.number = number
        self.from = from
        self.body = body
    }
}
