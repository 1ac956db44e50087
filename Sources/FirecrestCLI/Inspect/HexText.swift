// Firecrest — bytes written as hexadecimal digits.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Reads what people paste: digits in any case, with spaces, line ends, commas, colons, dashes, `0x` and `\x` between them.
enum HexText {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func bytes(_ text: some Sequence<UInt8>) throws(Failure) -> ByteBuffer {
        var buffer = ByteBuffer()
        var high: UInt8?
        var previous: UInt8 = 0
        var position = 0
        for byte in text {
            position += 1
            defer { previous = byte }
            if let digit = digit(byte) {
                if let first = high {
                    buffer.writeInteger(first << 4 | digit)
                    high = nil
                } else {
                    high = digit
                }
            } else if byte == UInt8(ascii: "x") || byte == UInt8(ascii: "X") {
                // The mark of a prefix: a 0 before it is no digit, a backslash was skipped.
                guard high == 0 && previous == UInt8(ascii: "0") || high == nil && previous == UInt8(ascii: "\\") else {
                    throw Failure(description: "character \(position) of the hex text is an x that belongs to no 0x")
                }
                high = nil
            } else if isSeparator(byte) {
                guard high == nil else {
                    throw Failure(description: "character \(position) of the hex text stands inside of a byte")
                }
            } else {
                throw Failure(description: "character \(position) of the hex text is no hexadecimal digit")
            }
        }
        guard high == nil else { throw Failure(description: "the hex text has an odd number of digits") }
        return buffer
    }

    /// Whether `bytes` can only be meant as hex. A frame or an HTTP head never is: frames begin with a byte that is no
    /// digit, and heads have letters beyond F in their first word.
    static func isHex(_ bytes: ByteBuffer) -> Bool {
        let view = bytes.readableBytesView
        return view.contains { digit($0) != nil }
            && view.allSatisfy { digit($0) != nil || isSeparator($0) || $0 | 0x20 == UInt8(ascii: "x") }
    }

    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "\\"): true
        default: false
        }
    }
}
