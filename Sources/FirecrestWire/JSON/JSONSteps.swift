// Firecrest — the steps over JSON bytes that validator and envelope scanner share
// SPDX-License-Identifier: Apache-2.0

// Each step takes the index where something starts and returns the index after it. None recurses.

extension Span<UInt8> {
    /// The byte at `index`, or 0 past the end. No token of JSON has a 0 byte, so one comparison tests for both.
    @inline(__always)
    func byteOrZero(at index: Int) -> UInt8 {
        index < count ? self[index] : 0
    }

    /// The index of the first byte that is not whitespace (RFC 8259 §2: space, tab, line feed, carriage return).
    @inline(__always)
    func skipWhitespace(from start: Int) -> Int {
        var index = start
        while index < count {
            let byte = self[index]
            // All four are at most 0x20, and one of them is at bit `byte` of this mask.
            guard byte <= 0x20, (0x1_0000_2600 as UInt64) >> UInt64(byte) & 1 == 1 else { break }
            index += 1
        }
        return index
    }

    /// Refuses anything but whitespace between `start` and the end.
    @inline(__always)
    func requireEnd(from start: Int) throws(JSONError) {
        let end = skipWhitespace(from: start)
        guard end == count else { throw JSONError(.trailingBytes, at: end) }
    }

    /// Skips a value that starts at `start`, inside of `depth` arrays and objects that are open already.
    @inline(__always)
    func skipValue(from start: Int, depth: Int, limits: JSONLimits) throws(JSONError) -> Int {
        switch byteOrZero(at: start) {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            try skipContainer(from: start, depth: depth, limits: limits)
        default:
            try skipScalar(from: start, limits: limits)
        }
    }

    /// Skips a string, number, `true`, `false` or `null`.
    @inline(__always)
    func skipScalar(from start: Int, limits: JSONLimits) throws(JSONError) -> Int {
        switch byteOrZero(at: start) {
        case UInt8(ascii: "\""):
            try skipString(from: start)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try skipNumber(from: start, limits: limits)
        case UInt8(ascii: "t"):
            try skipLiteral(0x7472_7565, length: 4, from: start)
        case UInt8(ascii: "f"):
            try skipLiteral(0x66_616C_7365, length: 5, from: start)
        case UInt8(ascii: "n"):
            try skipLiteral(0x6E75_6C6C, length: 4, from: start)
        default:
            throw unexpected(at: start)
        }
    }

    /// - Parameter letters: The literal in ASCII, the last letter lowest.
    private func skipLiteral(_ letters: UInt64, length: Int, from start: Int) throws(JSONError) -> Int {
        for place in 0..<length {
            let expected = UInt8(truncatingIfNeeded: letters >> UInt64((length - 1 - place) * 8))
            guard byteOrZero(at: start + place) == expected else { throw unexpected(at: start + place) }
        }
        return start + length
    }

    /// What is wrong with the byte at `index`: it is not allowed there, or it is not there.
    @inline(never)
    func unexpected(at index: Int) -> JSONError {
        JSONError(index < count ? .unexpectedByte : .unexpectedEnd, at: index)
    }
}
