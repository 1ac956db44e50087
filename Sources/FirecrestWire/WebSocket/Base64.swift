// Firecrest — base64 as the handshake needs it.
// SPDX-License-Identifier: Apache-2.0

/// Base64 with padding (RFC 4648 §4). Here so that no Foundation is linked for 28 characters.
package enum Base64 {
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = ""
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var pending = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            pending += 8
            while pending >= 6 {
                pending -= 6
                text.append(character(bits >> UInt32(pending) & 0x3F))
            }
        }
        if pending > 0 {
            text.append(character(bits << UInt32(6 - pending) & 0x3F))
        }
        while text.utf8.count % 4 != 0 {
            text.append("=")
        }
        return text
    }

    /// Whether `text` is 16 bytes in base64: 22 digits and two pads. The four bits that the last digit has to
    /// spare are not looked at, since the key is only ever hashed as text.
    package static func isSixteenBytes(_ text: String) -> Bool {
        text.utf8.count == 24 && text.utf8.prefix(22).allSatisfy(isDigit) && text.hasSuffix("==")
    }

    private static func character(_ digit: UInt32) -> Character {
        let byte: UInt8 =
            switch UInt8(truncatingIfNeeded: digit) {
            case let value where value < 26: UInt8(ascii: "A") + value
            case let value where value < 52: UInt8(ascii: "a") + (value - 26)
            case let value where value < 62: UInt8(ascii: "0") + (value - 52)
            case 62: UInt8(ascii: "+")
            default: UInt8(ascii: "/")
            }
        return Character(Unicode.Scalar(byte))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"): true
        default: false
        }
    }
}
