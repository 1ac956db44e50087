// Firecrest — membership in comma-separated header lists.
// SPDX-License-Identifier: Apache-2.0

/// Lists of tokens such as `Connection: keep-alive, Upgrade` (RFC 9110 §5.6.1).
enum HeaderTokens {
    /// Whether one of `values` lists `token`, whatever the case of its ASCII letters. One pass, nothing allocated.
    static func contains(_ token: String, in values: [String]) -> Bool {
        values.contains { value in
            value.utf8.split(separator: UInt8(ascii: ",")).contains { element in
                equals(trimmed(element), token)
            }
        }
    }

    /// Equality that ignores the case of ASCII letters; `token` is in lower case.
    private static func equals(_ element: Substring.UTF8View, _ token: String) -> Bool {
        element.lazy.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }.elementsEqual(token.utf8)
    }

    /// Without the spaces and tabs around it (RFC 9110 §5.6.3, OWS).
    private static func trimmed(_ element: Substring.UTF8View) -> Substring.UTF8View {
        var rest = element.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
