// Firecrest — a term of Erlang as a value
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A term of the safe subset that is read and written here (phoenix-channels.md §10.1).
///
/// For what clients send in bulk there are ways without building values: ``ETFScanner``, ``ETFTranscoder``. This is for what is
/// small and looked into, such as the content of a token:
///
/// ```swift
/// let term = try ETFTerm(decoding: bytes, limits: ETFLimits(maxBytes: 65_536, atoms: .text, keys: .any))
/// guard case .tuple([let data, .integer(let signedAt), let maxAge]) = term else { … }
/// ```
package enum ETFTerm: Sendable, Hashable {
    /// An atom, as its text. `nil`, `true` and `false` are atoms too.
    case atom(String)
    /// Any integer whose magnitude fits 64 bits, which is what the reader takes and the writer writes.
    case integer(Int128)
    /// A finite number with a fraction, or an integral one that came as such: JavaScript sends every number beyond 32 bits
    /// so.
    case double(Double)
    /// Bytes; all strings of Elixir are. After decoding a slice of the input.
    case binary(ByteBuffer)
    /// A proper list; also what Erlang calls a string.
    case list([ETFTerm])
    case tuple([ETFTerm])
    /// Pairs in the order in which they came and are written.
    case map([Pair])

    /// One key and its value.
    package struct Pair: Sendable, Hashable {
        package var key: ETFTerm
        package var value: ETFTerm

        package init(_ key: ETFTerm, _ value: ETFTerm) {
            self.key = key
            self.value = value
        }
    }
}

extension ETFTerm {
    package static let null = ETFTerm.atom("nil")

    package static func bool(_ value: Bool) -> ETFTerm { .atom(value ? "true" : "false") }

    /// Text as a binary of UTF-8, Elixir's string.
    package static func string(_ text: String) -> ETFTerm { .binary(ByteBuffer(string: text)) }

    /// The text of a binary, or `nil` when this is none or its bytes are no UTF-8. Atoms are not text here.
    package var stringValue: String? {
        guard case .binary(let bytes) = self, let utf8 = try? UTF8Span(validating: bytes.readableBytesUInt8Span) else {
            return nil
        }
        return String(copying: utf8)
    }

    /// The text of an atom, or `nil` when this is none.
    package var atomValue: String? {
        guard case .atom(let text) = self else { return nil }
        return text
    }

    /// Whether this is one of the atoms for "nothing": `nil` (Elixir), `null` (JSON libraries), `undefined` (Erlang).
    package var isNull: Bool {
        guard case .atom(let text) = self else { return false }
        return text == "nil" || text == "null" || text == "undefined"
    }

    /// The number when it is an integer exactly, so 5 for both `5` and `5.0`, and fits, or `nil`.
    package var intValue: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The value of the first key that is the binary or the atom with this text, or `nil` when there is none or this is
    /// no map.
    package subscript(key: String) -> ETFTerm? {
        guard case .map(let pairs) = self else { return nil }
        return pairs.first { $0.key == .atom(key) || $0.key == .string(key) }?.value
    }
}
