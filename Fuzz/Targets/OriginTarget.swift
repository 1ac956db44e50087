// Firecrest — fuzzes the reading of origins.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest

/// A host that is read wrongly is a page that may connect and should not.
struct OriginTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        guard let text = input.text else { return }
        let origin = Origin(text)
        guard let host = origin.host else {
            require(origin.port == nil, "a port without a host")
            return
        }
        require((0...65_535).contains(origin.port ?? 0), "port \(origin.port ?? 0)")
        require(origin.scheme.map { $0 == $0.lowercased() && !$0.isEmpty } ?? true, "scheme \(origin.scheme ?? "")")
        require(!host.utf8.contains { $0 <= 0x20 || $0 >= 0x7F || "/\\?#@[]\"<>".utf8.contains($0) }, "host \(host)")
        require(Self.spellings(of: host).contains { $0.elementsEqual(Self.hostAndPort(text)) }, "host \(host)")
        // An address in brackets, and nothing else, holds a colon.
        let written = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        let port = origin.port.map { ":\($0)" } ?? ""
        require(Origin("\(origin.scheme.map { "\($0):" } ?? "")//\(written)\(port)") == origin, "\(origin)")
    }

    private static func spellings(of host: String) -> [String.UTF8View] { [host.utf8, "[\(host)]".utf8] }

    /// What stands between `//` and the next `/`, `?` or `#`, without a user before it and a port behind it.
    private static func hostAndPort(_ text: String) -> ArraySlice<UInt8> {
        let bytes = Array(text.utf8)
        let slash = UInt8(ascii: "/")
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: [slash, slash]) }) else { return [] }
        var rest = bytes[(start + 2)...].prefix { !"/?#".utf8.contains($0) }
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) { rest = rest[(at + 1)...] }
        let digits = rest.reversed().prefix { $0 >= 0x30 && $0 <= 0x39 }.count
        let end = rest.endIndex - digits
        if end > rest.startIndex, rest[end - 1] == UInt8(ascii: ":") { rest = rest[..<(end - 1)] }
        return rest
    }
}
