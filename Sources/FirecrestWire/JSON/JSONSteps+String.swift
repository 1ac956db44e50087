// Firecrest — the step over a string, eight bytes at a time
// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// Skips the string whose opening quote is at `start` (RFC 8259 §7).
    func skipString(from start: Int) throws(JSONError) -> Int {
        var index = stringStop(from: start + 1)
        while true {
            switch byteOrZero(at: index) {
            case UInt8(ascii: "\""):
                return index + 1
            case UInt8(ascii: "\\"):
                index = try skipEscape(from: index)
            default:
                throw JSONError(index < count ? .controlCharacter : .unexpectedEnd, at: index)
            }
            index = stringStop(from: index)
        }
    }

    /// The index of the next quote, backslash or control character, or `count` when there is none.
    @inline(__always)
    func stringStop(from start: Int) -> Int {
        var index = start
        let raw = unsafe bytes
        while index <= count - 8 {
            // In bounds by the line above, and checked once more by the load itself.
            let word = unsafe raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let stops = UInt64(littleEndian: word).stringStops
            if stops != 0 { return index + stops.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count {
            let byte = self[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            index += 1
        }
        return index
    }

    /// Skips the escape whose backslash is at `start`; a surrogate pair is one escape.
    @inline(never)
    private func skipEscape(from start: Int) throws(JSONError) -> Int {
        switch byteOrZero(at: start + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            let unit = try hexUnit(at: start + 2)
            guard UTF16.isSurrogate(unit) else { return start + 6 }
            guard UTF16.isLeadSurrogate(unit) else { throw JSONError(.loneSurrogate, at: start) }
            // The other half must follow at once, as an escape too.
            guard start + 6 < count else { throw JSONError(.unexpectedEnd, at: count) }
            guard self[start + 6] == UInt8(ascii: "\\") else { throw JSONError(.loneSurrogate, at: start) }
            guard start + 7 < count else { throw JSONError(.unexpectedEnd, at: count) }
            guard self[start + 7] == UInt8(ascii: "u"), UTF16.isTrailSurrogate(try hexUnit(at: start + 8)) else {
                throw JSONError(.loneSurrogate, at: start)
            }
            return start + 12
        default:
            throw JSONError(start + 1 < count ? .badEscape : .unexpectedEnd, at: start + 1)
        }
    }

    /// The UTF-16 code unit that the four hexadecimal digits at `start` spell.
    func hexUnit(at start: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for index in start..<start + 4 {
            let digit: UInt8
            switch byteOrZero(at: index) {
            case let byte where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"):
                digit = byte - UInt8(ascii: "0")
            case let byte where byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"):
                digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default:
                throw JSONError(index < count ? .badEscape : .unexpectedEnd, at: index)
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}

extension UInt64 {
    /// The top bit of each byte that is a quote, a backslash or below 0x20; the lowest such bit is exact.
    ///
    /// `(x − n) & ~x` has the top bit of a byte set when the byte is below n ("Bit Twiddling Hacks", haszero). The
    /// borrow can set bits above a true one but none below it, so the first stop in memory order is always right.
    @inline(__always)
    fileprivate var stringStops: UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = self ^ ones &* 0x22
        let backslashes = self ^ ones &* 0x5C
        let isQuote = (quotes &- ones) & ~quotes
        let isBackslash = (backslashes &- ones) & ~backslashes
        let isControl = (self &- ones &* 0x20) & ~self
        return (isQuote | isBackslash | isControl) & (ones &* 0x80)
    }
}
