// Firecrest — the host and port of a URI or a Host header.
// SPDX-License-Identifier: Apache-2.0

/// `user@host:port`, of which the user is ignored (RFC 3986 §3.2). Stricter than Phoenix's parser: what is no host name
/// and no address is refused, so that a comparison never meets text that two parsers could read in two ways.
struct URIAuthority: Hashable {
    /// Without the brackets of an IPv6 address; empty when the text has none.
    let host: String
    /// nil when the text names none.
    let port: Int?

    static let defaultPorts = [
        "http": 80, "ws": 80, "https": 443, "wss": 443, "ftp": 21, "sftp": 22, "ldap": 389,
    ]

    init?(_ text: Substring) {
        var rest = text
        if let at = rest.utf8.lastIndex(of: UInt8(ascii: "@")) { rest = rest[rest.utf8.index(after: at)...] }
        if rest.utf8.first == UInt8(ascii: "[") {
            guard let close = rest.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let address = rest[rest.utf8.index(after: rest.startIndex)..<close]
            guard !address.isEmpty, address.utf8.allSatisfy({ $0.isASCIIHexDigit || ":.".utf8.contains($0) }) else {
                return nil
            }
            host = String(address)
            rest = rest[rest.utf8.index(after: close)...]
        } else {
            let end = rest.utf8.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
            guard rest[..<end].utf8.allSatisfy(Self.isNameByte) else { return nil }
            host = String(rest[..<end])
            rest = rest[end...]
        }
        guard rest.utf8.first == UInt8(ascii: ":") else {
            guard rest.isEmpty else { return nil }
            port = nil
            return
        }
        let digits = rest.utf8.dropFirst()
        guard digits.count <= 5, digits.allSatisfy(\.isASCIIDigit) else { return nil }
        let number = Int(Substring(digits))
        guard number ?? 0 <= 65_535 else { return nil }
        port = number
    }

    /// Whether two hosts are one, whatever the case of their ASCII letters. (Other letters travel as punycode.)
    static func isSameHost(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        left.utf8.elementsEqual(right.utf8) { $0.asciiLowercased == $1.asciiLowercased }
    }

    /// RFC 3986 §3.2.2, reg-name.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || "-._~%!$&'()*+,;=".utf8.contains(byte)
    }
}

extension UInt8 {
    var asciiLowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
    var isASCIILetter: Bool { asciiLowercased >= 0x61 && asciiLowercased <= 0x7A }
    var isASCIIDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isASCIIHexDigit: Bool { isASCIIDigit || (asciiLowercased >= 0x61 && asciiLowercased <= 0x66) }
}
