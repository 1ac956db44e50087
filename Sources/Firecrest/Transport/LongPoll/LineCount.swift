// Firecrest — counts lines, eight bytes at a time.
// SPDX-License-Identifier: Apache-2.0

/// How many lines of a text are not empty. A line ends with LF or CR LF; the last one needs no end.
///
/// Eight megabytes of line ends are counted on an event loop that others wait for, so that bytes are not looked at one by one.
enum LineCount {
    static func count(_ text: Span<UInt8>) -> Int {
        let bytes = text.bytes
        var count = 0
        // Before the first line there might as well stand the end of another.
        var earlierEnds: UInt64 = 0x8080_8080_8080_8080
        var earlierReturns: UInt64 = 0
        var offset = 0
        while offset < text.count {
            let word = Self.word(bytes, at: offset)
            offset &+= 8
            let ends = marks(of: 0x0A0A_0A0A_0A0A_0A0A, in: word)
            let returns = marks(of: 0x0D0D_0D0D_0D0D_0D0D, in: word)
            // For each byte, what stands one and two bytes before it.
            let endBefore = ends &<< 8 | earlierEnds &>> 56
            let returnBefore = returns &<< 8 | earlierReturns &>> 56
            let endTwoBefore = ends &<< 16 | earlierEnds &>> 48
            let empty = endBefore | returnBefore & endTwoBefore
            count &+= (ends & ~empty).nonzeroBitCount
            earlierEnds = ends
            earlierReturns = returns
        }
        let hasEnd = text.count == 0 || text[text.count - 1] == UInt8(ascii: "\n")
        return hasEnd ? count : count + 1
    }

    /// The high bit of each byte that is as in `pattern`, and no other bit.
    private static func marks(of pattern: UInt64, in word: UInt64) -> UInt64 {
        let lowBits: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let difference = word ^ pattern
        return ~(((difference & lowBits) &+ lowBits) | difference | lowBits)
    }

    /// The first byte is the lowest; behind the text there are zeros.
    private static func word(_ bytes: RawSpan, at offset: Int) -> UInt64 {
        if bytes.byteCount &- offset >= 8 {
            return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self).littleEndian
        }
        var word: UInt64 = 0
        for index in (offset..<bytes.byteCount).reversed() {
            word = word << 8 | UInt64(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
        }
        return word
    }
}
