// Firecrest — an origin policy, ready for use.
// SPDX-License-Identifier: Apache-2.0

/// What an `OriginPolicy` and the endpoint's host come to. Made when the endpoint is made.
struct OriginCheck: Sendable {
    private enum Rule: Sendable {
        case any
        case host(String)
        case sameAsRequest
        case patterns([OriginPattern])
        case custom(@Sendable (Origin) -> Bool)
    }

    private let rule: Rule

    /// - Parameters:
    ///   - host: the endpoint's host.
    ///   - option: the policy's name and place, for errors.
    /// - Throws: `OptionError` for a list that cannot work.
    init(_ policy: OriginPolicy, host: String?, option: String) throws(OptionError) {
        switch policy.kind {
        case .any: rule = .any
        case .endpointHost: rule = host.map { .host($0) } ?? .any
        case .sameAsRequest: rule = .sameAsRequest
        case .custom(let isAllowed): rule = .custom(isAllowed)
        case .list(let entries):
            guard !entries.isEmpty else {
                throw OptionError(
                    .malformed, option: option,
                    sentence: "is an empty list, which refuses every page; name the origins that may connect")
            }
            var patterns: [OriginPattern] = []
            for entry in entries {
                guard let pattern = OriginPattern(entry) else {
                    throw OptionError(
                        .malformed, option: option,
                        sentence: "has the entry \"\(entry)\", which names no host; write it like "
                            + "https://example.com, //example.com:888 or //*.example.com (other letters as punycode)")
                }
                patterns.append(pattern)
            }
            rule = .patterns(patterns)
        }
    }

    /// Whether a page of that origin may connect by that request.
    func allows(_ origin: Origin, _ request: @autoclosure () -> RequestURI) -> Bool {
        switch rule {
        case .any: return true
        case .custom(let isAllowed): return isAllowed(origin)
        case .sameAsRequest:
            let request = request()
            guard let host = origin.host, !host.isEmpty else { return false }
            return origin.scheme == request.scheme && origin.port == request.port
                && URIAuthority.isSameHost(host, request.host)
        case .host(let expected):
            guard let host = origin.host, !host.isEmpty else { return false }
            return URIAuthority.isSameHost(host, expected)
        case .patterns(let patterns):
            guard let host = origin.host, !host.isEmpty else { return false }
            return patterns.contains { $0.matches(origin, host: host) }
        }
    }
}
