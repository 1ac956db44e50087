// Firecrest — what stands in a token: data, when it was signed, how old it may become.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestWire
internal import FoundationEssentials
internal import NIOCore

/// The tuple `{data, signed_at_ms, max_age_seconds}` (phoenix-channels.md §8.1), and its older forms (§8.2).
struct TokenContent {
    let term: ETFTerm
    /// Milliseconds since 1970.
    let signedAt: Int128
    let maxAge: TokenAge

    init(_ data: JSON, _ signedAt: Date?, _ maxAge: TokenAge) throws(TokenError) {
        guard let term = ETFTerm(data, depth: Token.maxDepth - 1) else { throw .tooLarge }
        let milliseconds = ((signedAt ?? Date()).timeIntervalSince1970 * 1_000).rounded(.towardZero)
        guard let exact = Int64(exactly: milliseconds) else { throw .unsupportedData }
        self.term = term
        self.signedAt = Int128(exact)
        self.maxAge = maxAge
    }

    /// Reads what was signed.
    ///
    /// - Throws: `invalid` for anything that is no token's content.
    init(_ payload: [UInt8]) throws(TokenError) {
        guard let content = try? ETFTerm(decoding: payload, limits: Self.limits) else { throw .invalid }
        var age: ETFTerm?
        var signed: ETFTerm?
        switch content {
        case .tuple(let parts) where parts.count == 3:
            (term, signed, age) = (parts[0], parts[1], parts[2])
        case .tuple(let parts) where parts.count == 2:
            (term, signed) = (parts[0], parts[1])
        case .map:
            guard let data = content["data"] else { throw .invalid }
            (term, signed) = (data, content["signed"])
        default: throw .invalid
        }
        switch signed {
        case .integer(let value): signedAt = value
        case .double(let value): signedAt = Self.whole(value)
        default: throw .invalid
        }
        switch age {
        case nil: maxAge = .day
        case .atom("infinity"): maxAge = .infinity
        case .integer(let seconds): maxAge = .seconds(Double(seconds))
        case .double(let seconds): maxAge = .seconds(seconds)
        default: throw .invalid
        }
    }

    static let limits = ETFLimits(
        maxDepth: Token.maxDepth, maxBytes: Token.maxBytes, maxItems: Token.maxBytes, atoms: .text, keys: .any)

    func encoded() throws(TokenError) -> [UInt8] {
        let age: ETFTerm =
            switch maxAge {
            case .infinity: .atom("infinity")
            case .seconds(let seconds): Int32(exactly: seconds).map { .integer(Int128($0)) } ?? .double(seconds)
            }
        do {
            return Array(try ETFTerm.tuple([term, .integer(signedAt), age]).encoded().readableBytesView)
        } catch {
            throw .unsupportedData
        }
    }

    /// The data, once it is known that the token is neither too old nor of the future, in the order of Phoenix
    /// (phoenix-channels.md §8.2).
    func data(_ maxAge: TokenAge?, _ leeway: Duration, _ now: Date?) throws(TokenError) -> JSON {
        try checkAge(maxAge ?? self.maxAge, leeway, now)
        guard let data = try? JSON(term) else { throw .unsupportedData }
        return data
    }

    private func checkAge(_ maxAge: TokenAge, _ leeway: Duration, _ date: Date?) throws(TokenError) {
        guard case .seconds(let seconds) = maxAge else { return }
        guard seconds > 0 else { throw .expired }
        let now = Self.whole((date ?? Date()).timeIntervalSince1970 * 1_000)
        let room = max(0, Self.whole(leeway / .milliseconds(1)))
        guard signedAt <= now + room else { throw .invalid }
        guard signedAt + Self.whole(seconds * 1_000) + room >= now else { throw .expired }
    }

    /// Cut to a whole number, and to a size with which one can go on counting.
    private static func whole(_ value: Double) -> Int128 {
        guard abs(value) < 1e18 else { return value > 0 ? 1_000_000_000_000_000_000 : -1_000_000_000_000_000_000 }
        return Int128(value)
    }
}
