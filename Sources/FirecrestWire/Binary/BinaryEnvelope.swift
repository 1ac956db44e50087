// Firecrest — where the parts of a binary message are
// SPDX-License-Identifier: Apache-2.0

/// The parts of a V2 binary message as ranges of offsets into its bytes (phoenix-channels.md §2.3).
///
/// A kind byte, one byte of size for each field, the fields as UTF-8, then the payload up to the end.
package struct BinaryEnvelope: Sendable, Equatable {
    /// What stands in the first byte, read together with who sends it: kind 0 has two layouts.
    package enum Kind: Sendable, Equatable, CaseIterable {
        /// Client to server: join ref, ref, topic, event.
        case clientPush
        /// Server to client: join ref, topic, event.
        case push
        /// Server to client: join ref, ref, topic, status.
        case reply
        /// Server to client: topic, event.
        case broadcast

        /// The first byte.
        package var byte: UInt8 {
            switch self {
            case .clientPush, .push: 0
            case .reply: 1
            case .broadcast: 2
            }
        }

        package var hasJoinRef: Bool { self != .broadcast }
        package var hasRef: Bool { self == .clientPush || self == .reply }

        /// Bytes before the first field: the kind and the sizes.
        package var headerBytes: Int { 3 + (hasJoinRef ? 1 : 0) + (hasRef ? 1 : 0) }
    }

    package var kind: Kind
    /// Empty when the kind has none.
    package var joinRef: Range<Int>
    /// Empty when the kind has none.
    package var ref: Range<Int>
    package var topic: Range<Int>
    /// The event; for a reply its status.
    package var event: Range<Int>
    package var payload: Range<Int>
}

/// Why bytes are no V2 binary message, and at which byte.
package struct BinaryEnvelopeError: Error, Sendable, Equatable {
    /// Raw values are stable: they appear in logs and metrics.
    package enum Code: String, Sendable, CaseIterable {
        /// A first byte that this sender never sends.
        case unknownKind
        /// The sizes themselves are not all there.
        case headerTooShort
        /// The sizes say more than there is.
        case fieldsPastEnd
        /// A field that is not valid UTF-8.
        case invalidUTF8
    }

    package let code: Code
    /// In bytes from the start of the message.
    package let offset: Int

    package init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }
}

extension BinaryEnvelopeError: CustomStringConvertible {
    /// One sentence for a log line or a close reason. It holds no bytes of the input.
    package var description: String {
        switch code {
        case .unknownKind: "The first byte names no kind of message that this side sends; at byte \(offset)."
        case .headerTooShort: "The binary message ends within its header, at byte \(offset)."
        case .fieldsPastEnd: "The sizes in the header reach past the end of the message, at byte \(offset)."
        case .invalidUTF8: "A field of the binary message is not valid UTF-8, at byte \(offset)."
        }
    }
}
