// Firecrest — base64 of the tests, so that the server's is not what it is tested with.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Standard base64 with padding (RFC 4648 §4), by way of text, bit by bit.
package enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    package static func encode(_ bytes: ByteBuffer) -> String {
        var text = ""
        var rest = bytes
        while rest.readableBytes > 0 {
            let group = rest.readBytes(length: min(3, rest.readableBytes)) ?? []
            let bits = (group + [0, 0]).prefix(3).reduce(0) { $0 << 8 | Int($1) }
            for digit in 0..<4 {
                text.append(digit > group.count ? "=" : alphabet[bits >> (18 - 6 * digit) & 0x3F])
            }
        }
        return text
    }

    /// Nil when it is no such text.
    package static func decode(_ text: String) -> ByteBuffer? {
        let digits = text.prefix { $0 != "=" }
        guard text.count.isMultiple(of: 4), text.count - digits.count <= 2,
            text.dropFirst(digits.count).allSatisfy({ $0 == "=" })
        else { return nil }
        var bytes = ByteBuffer()
        var (bits, count) = (0, 0)
        for digit in digits {
            guard let value = values[digit] else { return nil }
            (bits, count) = (bits << 6 | value, count + 6)
            if count >= 8 {
                count -= 8
                bytes.writeInteger(UInt8(truncatingIfNeeded: bits >> count))
                bits &= (1 << count) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }

    private static let values = Dictionary(uniqueKeysWithValues: alphabet.enumerated().map { ($1, $0) })
}
