// Firecrest — finds the parts of a binary message
// SPDX-License-Identifier: Apache-2.0

/// Reads the header of a V2 binary message (phoenix-channels.md §2.3). Allocates nothing.
package enum BinaryScanner {
    /// Finds the parts of a message that a client sent: kind 0 with four sizes, nothing else.
    ///
    /// - Throws: ``BinaryEnvelopeError`` with the first thing that is wrong. The fields are checked to be UTF-8, which
    ///   Phoenix does not do; the payload may be any bytes.
    package static func scanClient(_ bytes: Span<UInt8>) throws(BinaryEnvelopeError) -> BinaryEnvelope {
        guard bytes.count > 0 else { throw BinaryEnvelopeError(.headerTooShort, at: 0) }
        guard bytes[0] == BinaryEnvelope.Kind.clientPush.byte else {
            throw BinaryEnvelopeError(.unknownKind, at: 0)
        }
        return try scan(bytes, as: .clientPush)
    }

    /// Finds the parts of a message that a server sent: push, reply or broadcast.
    ///
    /// - Throws: as ``scanClient(_:)``.
    package static func scanServer(_ bytes: Span<UInt8>) throws(BinaryEnvelopeError) -> BinaryEnvelope {
        guard bytes.count > 0 else { throw BinaryEnvelopeError(.headerTooShort, at: 0) }
        switch bytes[0] {
        case BinaryEnvelope.Kind.push.byte: return try scan(bytes, as: .push)
        case BinaryEnvelope.Kind.reply.byte: return try scan(bytes, as: .reply)
        case BinaryEnvelope.Kind.broadcast.byte: return try scan(bytes, as: .broadcast)
        default: throw BinaryEnvelopeError(.unknownKind, at: 0)
        }
    }

    private static func scan(
        _ bytes: Span<UInt8>, as kind: BinaryEnvelope.Kind
    ) throws(BinaryEnvelopeError) -> BinaryEnvelope {
        guard bytes.count >= kind.headerBytes else { throw BinaryEnvelopeError(.headerTooShort, at: bytes.count) }
        var fields = Fields(next: kind.headerBytes)
        let joinRef = try fields.take(kind.hasJoinRef, of: bytes)
        let ref = try fields.take(kind.hasRef, of: bytes)
        let topic = try fields.take(true, of: bytes)
        let event = try fields.take(true, of: bytes)
        return BinaryEnvelope(
            kind: kind, joinRef: joinRef, ref: ref, topic: topic, event: event, payload: fields.next..<bytes.count)
    }

    /// Goes along the sizes and the fields side by side.
    private struct Fields {
        /// Where the next size stands.
        private var size = 1
        /// Where the next field begins.
        private(set) var next: Int

        init(next: Int) {
            self.next = next
        }

        mutating func take(_ isPresent: Bool, of bytes: Span<UInt8>) throws(BinaryEnvelopeError) -> Range<Int> {
            guard isPresent else { return next..<next }
            // At most 4 sizes of 255: no overflow.
            let end = next + Int(bytes[size])
            guard end <= bytes.count else { throw BinaryEnvelopeError(.fieldsPastEnd, at: size) }
            let field = next..<end
            guard UTF8Validator.isValid(bytes.extracting(field)) else {
                throw BinaryEnvelopeError(.invalidUTF8, at: next)
            }
            size += 1
            next = end
            return field
        }
    }
}
