// Firecrest — a socket's URL as phoenix.js would open it.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol

/// Where to connect, and what to ask for: the mount's URL with `/websocket`, parameters and `vsn` added.
struct ConsoleAddress: Equatable {
    var host: String
    var port: Int
    /// Path and query.
    var target: String

    /// - Parameters:
    ///   - params: members of the query, nested as `a[b]` (phoenix.js `Ajax.serialize`).
    ///   - vsn: written as it is; a version that the server does not know is its business.
    init(_ url: String, params: JSON, vsn: String) throws(ConsoleError) {
        guard let mark = url.firstRange(of: "://") else {
            throw ConsoleError("\(url) is no URL; write ws://host:port/socket")
        }
        switch url[..<mark.lowerBound].lowercased() {
        case "ws", "http": break
        case "wss", "https":
            throw ConsoleError(
                "TLS is not built into this program yet; use ws:// on the inner side of the proxy that ends TLS")
        case let scheme:
            throw ConsoleError("\(scheme):// is no scheme for a socket; write ws://host:port/socket")
        }
        let rest = url[mark.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        (host, port) = try Self.split(authority)
        let tail = rest[authority.endIndex...]
        guard tail.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ConsoleError("the URL's path has characters that must be percent-encoded")
        }
        let path = tail.prefix { $0 != "?" }
        var query = tail[path.endIndex...].dropFirst().split(separator: "&").map(String.init)
        query += Self.serialize(params)
        if !query.contains(where: { $0.hasPrefix("vsn=") }) { query.append("vsn=" + Self.encoded(vsn)) }
        target = Self.websocketPath(path) + "?" + query.joined(separator: "&")
    }

    /// The value of `Host`.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 80 ? name : "\(name):\(port)"
    }

    private static func split(_ authority: Substring) throws(ConsoleError) -> (String, Int) {
        var host = authority
        var port: Substring?
        if authority.first == "[", let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            let after = authority[authority.index(after: end)...]
            if after.first == ":" { port = after.dropFirst() } else if !after.isEmpty { port = "" }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, !authority.contains("@"), host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ConsoleError("the URL names no host; write ws://host:port/socket")
        }
        guard let port else { return (String(host), 80) }
        guard let number = Int(port), (1...65_535).contains(number) else {
            throw ConsoleError("\(port.isEmpty ? "nothing" : String(port)) is no port; it is a number from 1 to 65535")
        }
        return (String(host), number)
    }

    private static func websocketPath(_ path: Substring) -> String {
        let trimmed = path.hasSuffix("/") ? path.dropLast() : path
        return trimmed.hasSuffix("/websocket") ? String(trimmed) : String(trimmed) + "/websocket"
    }

    private static func serialize(_ value: JSON, under key: String? = nil) -> [String] {
        switch value {
        case .object(let members):
            return members.sorted { $0.key < $1.key }.flatMap { name, member in
                serialize(member, under: key.map { "\($0)[\(name)]" } ?? name)
            }
        case .array(let elements):
            return elements.enumerated().flatMap { index, element in
                serialize(element, under: "\(key ?? "")[\(index)]")
            }
        case .null: return []
        case .string(let text): return [pair(key, text)]
        case .bool(let flag): return [pair(key, String(flag))]
        case .integer(let number): return [pair(key, String(number))]
        case .number(let number): return [pair(key, String(number))]
        }
    }

    private static func pair(_ key: String?, _ value: String) -> String {
        "\(encoded(key ?? ""))=\(encoded(value))"
    }

    /// All but the unreserved characters of RFC 3986 §2.3 as `%XX`.
    private static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += "%" + Preview.hex(byte).uppercased()
            }
        }
        return encoded
    }
}
