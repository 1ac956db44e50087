// Firecrest — compares JSON string literals with text, without decoding them
// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// Whether these bytes, one valid JSON value, are a string literal that spells `text` byte by byte.
    ///
    /// `false` for a literal with an escape in it, whatever it stands for: such a one must be decoded to be compared.
    package func isLiteral(of text: Span<UInt8>) -> Bool {
        let length = text.count
        guard count == length + 2, self[0] == UInt8(ascii: "\"") else { return false }
        var index = 0
        while index <= length - 8 {
            // In bounds by the two lines above, and checked once more by the loads themselves.
            let ours = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index + 1, as: UInt64.self)
            let theirs = unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard ours == theirs else { return false }
            index += 8
        }
        while index < length {
            guard self[index + 1] == text[index] else { return false }
            index += 1
        }
        // `text` may have a backslash of its own, which in a literal is the beginning of an escape.
        return stringStop(from: 1) == length + 1
    }

    /// As `isLiteral(of:)`.
    package func isLiteral(of text: String) -> Bool {
        count == text.utf8.count + 2 && isLiteral(of: text.utf8.span)
    }

    /// Whether these bytes are the same as `text`.
    package func isEqual(to text: String) -> Bool {
        guard count == text.utf8.count else { return false }
        let text = text.utf8.span
        for index in indices where self[index] != text[index] { return false }
        return true
    }
}
