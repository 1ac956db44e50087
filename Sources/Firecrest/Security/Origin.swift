// Firecrest — where a page that opens a connection comes from.
// SPDX-License-Identifier: Apache-2.0

/// The `Origin` header of a request, taken apart (RFC 6454 §7).
///
/// Browsers send it with every WebSocket and do not let a page's script change it. Other clients need not send it.
public struct Origin: Sendable, Hashable {
    /// In lower case; nil when there is none.
    public let scheme: String?
    /// As it was sent, without the brackets of an IPv6 address. nil for what names no host, such as `null`; empty for
    /// `file://`.
    public let host: String?
    /// As it was sent, or the scheme's own port: 80, 443, … nil for schemes that have none, such as `capacitor`.
    public let port: Int?

    /// Takes `text` apart as a URI. What is no URI has no scheme, no host and no port.
    public init(_ text: String) {
        var rest = text[...]
        var scheme: String?
        if let end = rest.utf8.firstIndex(where: { ":/?#".utf8.contains($0) }), rest.utf8[end] == UInt8(ascii: ":"),
            Self.isScheme(rest[..<end])
        {
            scheme = rest[..<end].lowercased()
            rest = rest[rest.utf8.index(after: end)...]
        }
        // Bytes, since to Swift a slash and the accent behind it would be one character.
        guard rest.utf8.starts(with: "//".utf8) else {
            self.init(scheme: scheme, host: nil, port: nil)
            return
        }
        rest = Substring(rest.utf8.dropFirst(2))
        let end = rest.utf8.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        guard let authority = URIAuthority(rest[..<end]) else {
            self.init(scheme: nil, host: nil, port: nil)
            return
        }
        self.init(
            scheme: scheme, host: authority.host,
            port: authority.port ?? scheme.flatMap { URIAuthority.defaultPorts[$0] })
    }

    private init(scheme: String?, host: String?, port: Int?) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// A letter, then letters, digits, `+`, `-`, `.` (RFC 3986 §3.1).
    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first.isASCIILetter else { return false }
        return text.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "+-.".utf8.contains($0) }
    }
}
