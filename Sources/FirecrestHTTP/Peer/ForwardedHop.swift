// Firecrest — what proxies wrote into a request about the one before them.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// One hop of a request on its way here, as the next one noted it.
package struct ForwardedHop {
    /// Hops that are looked at, counted from this server: more proxies than that stand in no row, and a client can write as
    /// many as its headers have room for.
    package static let maxHops = 32

    /// nil for what is no address: `unknown`, an obfuscated identifier (RFC 7239 §6), nonsense.
    var address: SocketAddress?
    /// nil where nothing is said about it.
    var isSecure: Bool?

    /// From `X-Forwarded-For` and `X-Forwarded-Proto`, the client's own hop first. The scheme is the last one that is named,
    /// and stands at the last hop.
    static func xForwarded(_ headers: HTTPHeaders) -> [ForwardedHop] {
        var hops = headers["x-forwarded-for"].flatMap { line in
            line.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        }.suffix(maxHops).map { ForwardedHop(address: address(Substring($0))) }
        let scheme = headers["x-forwarded-proto"].last?.utf8.split(separator: UInt8(ascii: ",")).last
        if let isSecure = scheme.flatMap({ isSecure(Substring($0)) }) {
            if hops.isEmpty { hops = [ForwardedHop()] }
            hops[hops.count - 1].isSecure = isSecure
        }
        return hops
    }

    /// From `Forwarded`, the client's own hop first.
    static func forwarded(_ headers: HTTPHeaders) -> [ForwardedHop] {
        headers["forwarded"].flatMap { split($0[...], at: UInt8(ascii: ",")) }.suffix(maxHops).map { element in
            var hop = ForwardedHop()
            for pair in split(element, at: UInt8(ascii: ";")) {
                guard let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let value = unquoted(trimmed(pair[pair.utf8.index(after: equals)...]))
                switch trimmed(pair[..<equals]).lowercased() {
                case "for": hop.address = address(value)
                case "proto": hop.isSecure = isSecure(value)
                default: break
                }
            }
            return hop
        }
    }

    // MARK: values

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
    private static func address(_ text: Substring) -> SocketAddress? {
        var host = trimmed(text)
        var port = 0
        if host.utf8.first == UInt8(ascii: "[") {
            guard let end = host.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let rest = host[host.utf8.index(after: end)...]
            host = host[host.utf8.index(after: host.startIndex)..<end]
            if !rest.isEmpty {
                guard rest.utf8.first == UInt8(ascii: ":"), let number = number(rest.utf8.dropFirst()) else {
                    return nil
                }
                port = number
            }
            guard host.utf8.contains(UInt8(ascii: ":")) else { return nil }
        } else if let colon = host.utf8.firstIndex(of: UInt8(ascii: ":")),
            host.utf8.lastIndex(of: UInt8(ascii: ":")) == colon
        {
            guard let number = number(host.utf8[colon...].dropFirst()) else { return nil }
            port = number
            host = host[..<colon]
        }
        return try? SocketAddress(ipAddress: String(host), port: port)
    }

    private static func number(_ digits: Substring.UTF8View) -> Int? {
        guard (1...5).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(Substring(digits)).flatMap { $0 <= 65_535 ? $0 : nil }
    }

    private static func isSecure(_ scheme: Substring) -> Bool? {
        switch trimmed(scheme).lowercased() {
        case "https", "wss": true
        case "http", "ws": false
        default: nil
        }
    }

    // MARK: text

    private static func trimmed(_ text: Substring) -> Substring {
        var bytes = text.utf8
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes = bytes.dropFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes = bytes.dropLast() }
        return Substring(bytes)
    }

    /// Without the quotes of a quoted string (RFC 9110 §5.6.4). None of the values that we take has an escape in it.
    private static func unquoted(_ text: Substring) -> Substring {
        guard text.utf8.count >= 2, text.utf8.first == UInt8(ascii: "\""), text.utf8.last == UInt8(ascii: "\"") else {
            return text
        }
        return Substring(text.utf8.dropFirst().dropLast())
    }

    /// Pieces between separators that stand in no quoted string.
    private static func split(_ text: Substring, at separator: UInt8) -> [Substring] {
        var pieces: [Substring] = []
        var start = text.startIndex
        var (isQuoted, isEscaped) = (false, false)
        for index in text.utf8.indices {
            let byte = text.utf8[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == separator, !isQuoted {
                pieces.append(text[start..<index])
                start = text.utf8.index(after: index)
            }
        }
        pieces.append(text[start...])
        return pieces
    }
}
