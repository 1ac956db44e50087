// Firecrest — base64 read back, for what clients send as text.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension Base64 {
    /// The bytes that `text` stands for; `nil` when it is not base64 with its padding (RFC 4648 §4).
    ///
    /// Spaces, line ends and the alphabet for URLs are refused. The bits that a last digit has to spare are not looked at,
    /// as Elixir does not (§3.5 leaves that open).
    package static func decode(_ text: Span<UInt8>) -> ByteBuffer? {
        guard isValid(text) else { return nil }
        let length = text.count / 4 * 3 - padCount(text)
        var bytes = ByteBuffer()
        bytes.reserveCapacity(length)
        unsafe bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            // Within bounds: NIO hands over at least the bytes asked for.
            var (index, written) = (0, 0)
            while index < text.count {
                var word: UInt32 = 0
                for place in 0..<4 { word = word << 6 | UInt32(digit(text[index &+ place]) & 0x3F) }
                index &+= 4
                // A pad counts as a digit here; its bits are past the end.
                var shift: UInt32 = 16
                while written < length {
                    unsafe target[written] = UInt8(truncatingIfNeeded: word >> shift)
                    written &+= 1
                    guard shift > 0 else { break }
                    shift &-= 8
                }
            }
            return written
        }
        return bytes
    }

    /// Whether `decode` would read `text`, without memory for what it reads.
    package static func isValid(_ text: Span<UInt8>) -> Bool {
        guard text.count % 4 == 0 else { return false }
        let digits = text.count &- padCount(text)
        var index = 0
        while index < digits {
            guard digit(text[index]) != noDigit else { return false }
            index &+= 1
        }
        return true
    }

    /// Pads at the end of whole groups of four, two at most: a third one is no digit either, and refused as such.
    private static func padCount(_ text: Span<UInt8>) -> Int {
        let pad = UInt8(ascii: "=")
        guard text.count >= 4, text[text.count &- 1] == pad else { return 0 }
        return text[text.count &- 2] == pad ? 2 : 1
    }

    private static let noDigit: UInt8 = 0xFF

    private static func digit(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte &- UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte &- UInt8(ascii: "a") &+ 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0") &+ 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: noDigit
        }
    }
}
