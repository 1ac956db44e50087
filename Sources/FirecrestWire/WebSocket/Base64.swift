// Firecrest — base64 for the handshake, and for bytes that travel as text.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Base64 with padding (RFC 4648 §4). Here so that no Foundation is linked for it.
package enum Base64 {
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = ByteBuffer()
        text.writeBase64(bytes.span)
        return String(buffer: text)
    }

    /// The length of `count` bytes in base64.
    package static func length(of count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Whether `text` is 16 bytes in base64: 22 digits and two pads. The four bits that the last digit has to
    /// spare are not looked at, since the key is only ever hashed as text.
    package static func isSixteenBytes(_ text: String) -> Bool {
        text.utf8.count == 24 && text.utf8.prefix(22).allSatisfy(isDigit) && text.hasSuffix("==")
    }

    /// The digit for the lowest six bits.
    fileprivate static func digit(_ bits: UInt32) -> UInt8 {
        switch UInt8(truncatingIfNeeded: bits & 0x3F) {
        case let value where value < 26: UInt8(ascii: "A") + value
        case let value where value < 52: UInt8(ascii: "a") + (value - 26)
        case let value where value < 62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"): true
        default: false
        }
    }
}

extension ByteBuffer {
    /// Appends `bytes` in base64, four digits at a time.
    package mutating func writeBase64(_ bytes: Span<UInt8>) {
        reserveCapacity(minimumWritableBytes: Base64.length(of: bytes.count))
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            var bits = UInt32(bytes[index]) << 16
            if left > 1 { bits |= UInt32(bytes[index + 1]) << 8 }
            if left > 2 { bits |= UInt32(bytes[index + 2]) }
            let third = left > 1 ? Base64.digit(bits >> 6) : UInt8(ascii: "=")
            let fourth = left > 2 ? Base64.digit(bits) : UInt8(ascii: "=")
            writeInteger(
                UInt32(Base64.digit(bits >> 18)) << 24 | UInt32(Base64.digit(bits >> 12)) << 16
                    | UInt32(third) << 8 | UInt32(fourth))
            index += 3
        }
    }
}
