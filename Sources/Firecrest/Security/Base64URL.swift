// Firecrest — base64 for tokens: the URL-safe alphabet, no padding.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import FoundationEssentials

/// Base64url without padding (RFC 4648 §5), as in signed tokens.
package enum Base64URL {
    package static func encode(_ bytes: [UInt8]) -> String {
        let digits: [UInt8] = Base64.encode(bytes).utf8.compactMap { digit in
            switch digit {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: digit
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// nil for anything that `encode` does not make, padding and stray bits in the last digit included: of one value
    /// there is one text.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var standard = text.map { digit in
            switch digit {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: digit
            }
        }
        standard += Array(repeating: UInt8(ascii: "="), count: (4 - standard.count % 4) % 4)
        guard let data = Data(base64Encoded: Data(standard)) else { return nil }
        let bytes = Array(data)
        return encode(bytes).utf8.elementsEqual(text) ? bytes : nil
    }
}
