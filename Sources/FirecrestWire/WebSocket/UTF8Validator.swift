// Firecrest — is this UTF-8, asked piece by piece.
// SPDX-License-Identifier: Apache-2.0

/// Validates UTF-8 as it arrives and fails at the first byte that no valid text can have there (RFC 3629 §4).
///
/// Overlong forms, surrogates and code points over U+10FFFF are refused. A sequence may be cut anywhere between two
/// calls; three bytes of state carry it over.
package struct UTF8Validator: Sendable {
    /// Continuation bytes that the current sequence still needs, 0...3.
    private var needed: UInt8 = 0
    /// Bounds of the next continuation byte; narrower than 80...BF only right after E0, ED, F0 and F4.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    package init() {}

    /// Whether the bytes so far end on a boundary between code points.
    package var isComplete: Bool { needed == 0 }

    /// Whether `bytes` is valid UTF-8 from beginning to end.
    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var validator = UTF8Validator()
        return validator.consume(bytes) && validator.isComplete
    }

    /// Takes the next piece; `false` once the text can no longer become valid.
    package mutating func consume(_ span: Span<UInt8>) -> Bool {
        let bytes = unsafe span.bytes
        let count = span.count
        var index = 0
        while index < count {
            if needed == 0 {
                index = Self.endOfWholeSequences(bytes, from: index)
                guard index < count else { break }
                guard begin(with: span[index]) else { return false }
            } else {
                let byte = span[index]
                guard byte >= lowest, byte <= highest else { return false }
                needed &-= 1
                lowest = 0x80
                highest = 0xBF
            }
            index &+= 1
        }
        return true
    }

    /// Skips ASCII, and valid sequences of two and three bytes. Stops at the first byte of anything else, for the
    /// exact rules to judge.
    private static func endOfWholeSequences(_ bytes: RawSpan, from start: Int) -> Int {
        let count = bytes.byteCount
        var index = start
        while true {
            index = endOfASCII(bytes, from: index)
            // A word of four bytes from the first that is not ASCII, read as if it were big-endian.
            while count &- index >= 4 {
                let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt32.self).bigEndian
                if word & 0xE0C0_0000 == 0xC080_0000, word >= 0xC280_0000 {
                    index &+= 2
                } else if word & 0xF0C0_C000 == 0xE080_8000, isThreeByteScalar(word) {
                    index &+= 3
                } else if word & 0xF8C0_C0C0 == 0xF080_8080, word >= 0xF090_8080, word <= 0xF48F_BFBF {
                    index &+= 4
                } else {
                    break
                }
            }
            guard index < count, unsafe bytes.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self) < 0x80 else {
                return index
            }
        }
    }

    /// Whether the three upper bytes, which have the right shape, are no overlong form and no surrogate.
    private static func isThreeByteScalar(_ word: UInt32) -> Bool {
        word >= 0xE0A0_0000 && word & 0xFFE0_0000 != 0xEDA0_0000
    }

    /// Takes the first byte of a sequence of two to four bytes (RFC 3629 §4, the table of `UTF8-octets`).
    private mutating func begin(with byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF:
            needed = 1
        case 0xE0...0xEF:
            needed = 2
            if byte == 0xE0 { lowest = 0xA0 }  // shorter would do
            if byte == 0xED { highest = 0x9F }  // surrogates
        case 0xF0...0xF4:
            needed = 3
            if byte == 0xF0 { lowest = 0x90 }  // shorter would do
            if byte == 0xF4 { highest = 0x8F }  // over U+10FFFF
        default:
            return false
        }
        return true
    }

    /// The index of the first byte over 7F, looking at 32 and then 8 bytes at a time.
    private static func endOfASCII(_ bytes: RawSpan, from start: Int) -> Int {
        let count = bytes.byteCount
        let high: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while count &- index >= 32 {
            let first = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let second = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &+ 8, as: UInt64.self)
            let third = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &+ 16, as: UInt64.self)
            let fourth = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &+ 24, as: UInt64.self)
            guard (first | second | third | fourth) & high == 0 else { break }
            index &+= 32
        }
        while count &- index >= 8 {
            let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self).littleEndian
            let marks = word & high
            guard marks == 0 else { return index &+ marks.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count, unsafe bytes.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self) < 0x80 {
            index &+= 1
        }
        return index
    }
}
