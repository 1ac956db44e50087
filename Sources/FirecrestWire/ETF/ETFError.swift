// Firecrest — why bytes are not a term that is read here, and where
// SPDX-License-Identifier: Apache-2.0

/// Why bytes were refused as an external term (or a value refused to become one), and at which byte.
package struct ETFError: Error, Sendable, Equatable {
    /// The kind of refusal. Raw values are stable: they appear in logs and metrics.
    package enum Code: String, Sendable, CaseIterable {
        /// The first byte is not 131.
        case noVersion = "no_version"
        /// The input stops inside a term.
        case unexpectedEnd = "unexpected_end"
        /// Something follows the term. Erlang ignores it.
        case trailingBytes = "trailing_bytes"
        /// More bytes than ``ETFLimits/maxBytes``.
        case tooLarge = "too_large"
        /// More lists, tuples and maps are open than ``ETFLimits/maxDepth``.
        case tooDeep = "too_deep"
        /// More terms than ``ETFLimits/maxItems``.
        case tooManyItems = "too_many_items"
        /// A list, tuple or map that claims more elements than there are bytes for.
        case countTooLarge = "count_too_large"
        /// A tuple of more elements than ``ETFLimits/maxTupleArity``.
        case tupleTooLarge = "tuple_too_large"
        /// An atom of more bytes than ``ETFLimits/maxAtomBytes``.
        case atomTooLong = "atom_too_long"
        /// An atom that is none of the few with a meaning here.
        case unknownAtom = "unknown_atom"
        /// A term of a kind that is never read: a function, a process, a reference, a bit string, or no term at all.
        case unsupportedTag = "unsupported_tag"
        /// A compressed term.
        case compressed
        /// An integer of more than 64 bits.
        case integerTooLong = "integer_too_long"
        /// NaN, an infinity, or a number as text that is none.
        case badFloat = "bad_float"
        /// A list that ends in something else than the empty list.
        case improperList = "improper_list"
        /// A list, tuple or map as the key of a map.
        case badKey = "bad_key"
        /// A key that the map has already.
        case duplicateKey = "duplicate_key"
        /// Bytes that are no UTF-8 where text is needed.
        case invalidUTF8 = "invalid_utf8"
        /// An envelope that is no list.
        case notAList = "not_a_list"
        /// An envelope of fewer than five elements.
        case tooFewElements = "too_few_elements"
    }

    /// What is wrong.
    package let code: Code

    /// Where, in bytes from the start of the input; on writing, bytes from the start of the output.
    package let offset: Int

    /// The limit that was exceeded, in the unit of the limit, or 0 for a code that has none.
    package let limit: Int

    @inline(never)
    package init(_ code: Code, at offset: Int, limit: Int = 0) {
        self.code = code
        self.offset = offset
        self.limit = limit
    }
}

extension ETFError: CustomStringConvertible {
    /// One sentence for a log line or a close reason. It holds no bytes of the input.
    package var description: String {
        "\(sentence) at byte \(offset)."
    }

    private var sentence: String {
        switch code {
        case .noVersion: "An external term starts with the byte 131; this one does not"
        case .unexpectedEnd: "The term is not finished"
        case .trailingBytes: "Something follows the term"
        case .tooLarge: "The term is larger than the limit of \(limit) bytes"
        case .tooDeep: "The term is nested deeper than the limit of \(limit) levels"
        case .tooManyItems: "The term has more parts than the limit of \(limit)"
        case .countTooLarge: "A list, tuple or map claims more elements than there are bytes"
        case .tupleTooLarge: "A tuple has more elements than the limit of \(limit)"
        case .atomTooLong: "An atom is longer than the limit of \(limit) bytes"
        case .unknownAtom: "An atom is none of nil, null, undefined, true and false"
        case .unsupportedTag: "A term is of a kind that is not read here"
        case .compressed: "Compressed terms are not read here"
        case .integerTooLong: "An integer has more than 64 bits"
        case .badFloat: "A number is not finite as a 64-bit floating point value"
        case .improperList: "A list does not end in the empty list"
        case .badKey: "The key of a map is a list, tuple or map"
        case .duplicateKey: "A map has a key twice"
        case .invalidUTF8: "Text is not valid UTF-8"
        case .notAList: "The message is not a list"
        case .tooFewElements: "The message has fewer than the \(limit) elements it needs"
        }
    }
}
