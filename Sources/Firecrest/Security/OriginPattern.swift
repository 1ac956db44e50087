// Firecrest — one entry of a list of origins.
// SPDX-License-Identifier: Apache-2.0

/// An origin with what does not matter left out: `https://example.com`, `//example.com:888`, `//*.example.com`.
struct OriginPattern: Hashable {
    private let scheme: String?
    private let port: Int?
    /// Without the `*.` of a pattern for all names below.
    private let host: String
    private let includesSubdomains: Bool

    /// nil when `entry` has no host, or a `*` that is not `*.` at the front of it.
    init?(_ entry: String) {
        let origin = Origin(entry)
        guard var host = origin.host?[...] else { return nil }
        includesSubdomains = host.utf8.starts(with: "*.".utf8)
        if includesSubdomains { host = Substring(host.utf8.dropFirst(2)) }
        guard !host.isEmpty, !host.utf8.contains(UInt8(ascii: "*")) else { return nil }
        self.host = String(host)
        scheme = origin.scheme
        port = origin.port
    }

    func matches(_ origin: Origin, host: String) -> Bool {
        (scheme == nil || scheme == origin.scheme) && (port == nil || port == origin.port) && matches(host: host)
    }

    /// `base` itself, and with `*.` whatever ends in `.base`: not `x-base`.
    private func matches(host: String) -> Bool {
        if URIAuthority.isSameHost(host, self.host) { return true }
        let dotAndBase = self.host.utf8.count + 1
        guard includesSubdomains, host.utf8.count > dotAndBase else { return false }
        let suffix = host.utf8.suffix(dotAndBase)
        return suffix.first == UInt8(ascii: ".") && URIAuthority.isSameHost(Substring(suffix.dropFirst()), self.host)
    }
}
