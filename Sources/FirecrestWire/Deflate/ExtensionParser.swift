// Firecrest — Sec-WebSocket-Extensions, read in one pass.
// SPDX-License-Identifier: Apache-2.0

/// Reads the header's grammar (RFC 6455 §9.1), looking at each byte once and at no more than a fixed number of them.
///
/// ```
/// list = extension *( "," extension )      extension = token *( ";" token [ "=" ( token / quoted-string ) ] )
/// ```
package struct ExtensionParser {
    /// Elements looked at, over all header lines; clients send one to three.
    static let maxOffers = 16
    /// Bytes looked at, over all header lines; Chrome's offer has 42.
    static let maxBytes = 2_048
    /// Parameters of one element. permessage-deflate has four, so that a fifth is unknown or given twice.
    static let maxParameters = 4

    /// The well-formed elements. A malformed one is skipped up to the next comma; what is past a limit is ignored.
    package static func parse(_ headerValues: [String]) -> [ExtensionOffer] {
        var offers: [ExtensionOffer] = []
        var seen = 0
        var bytesLeft = maxBytes
        for value in headerValues {
            let bytes = value.utf8
            guard bytes.count <= bytesLeft else { break }
            bytesLeft -= bytes.count
            var parser = ExtensionParser(rest: bytes[...])
            repeat {
                guard seen < maxOffers else { return offers }
                seen += 1
                if let offer = parser.readOffer() {
                    offers.append(offer)
                } else {
                    parser.skipToComma()
                }
            } while parser.take(UInt8(ascii: ","))
        }
        return offers
    }

    private var rest: Substring.UTF8View

    /// `nil` for an element that is malformed, has too many parameters, or does not end at a comma.
    private mutating func readOffer() -> ExtensionOffer? {
        guard let name = readToken() else { return nil }
        var offer = ExtensionOffer(name: name)
        while take(UInt8(ascii: ";")) {
            guard offer.parameters.count < Self.maxParameters, let name = readToken() else { return nil }
            var value: String?
            if take(UInt8(ascii: "=")) {
                value = rest.first == UInt8(ascii: "\"") ? readQuoted() : readToken()
                guard value != nil else { return nil }
            }
            offer.parameters.append(ExtensionOffer.Parameter(name: name, value: value))
        }
        skipSpaces()
        return rest.isEmpty || rest.first == UInt8(ascii: ",") ? offer : nil
    }

    private mutating func readToken() -> String? {
        skipSpaces()
        let token = rest.prefix(while: Self.isTokenByte)
        guard !token.isEmpty else { return nil }
        rest = rest[token.endIndex...]
        return String(Substring(token))
    }

    /// A quoted string must hold a token (RFC 6455 §9.1); none of ours needs a backslash, so that one is malformed.
    private mutating func readQuoted() -> String? {
        rest.removeFirst()
        let value = readToken()
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        rest.removeFirst()
        return value
    }

    /// Takes `byte` and the spaces before it, if it is next.
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpaces()
        guard rest.first == byte else { return false }
        rest.removeFirst()
        if byte == UInt8(ascii: "=") { skipSpaces() }
        return true
    }

    private mutating func skipSpaces() {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    private mutating func skipToComma() {
        rest = rest.drop { $0 != UInt8(ascii: ",") }
    }

    /// RFC 9110 §5.6.2, tchar.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"): true
        case UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        case UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"): true
        default: false
        }
    }
}
