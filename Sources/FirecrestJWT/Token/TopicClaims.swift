// Firecrest — the topics that a token names, read into grants.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestProtocol
internal import FoundationEssentials

/// Reads the claim of topics. Its two forms are described at `VerifiedJWT.grant`.
enum TopicClaims {
    /// Longest topic, pattern or name of an event, in bytes: what `MessageLimits` lets a client say.
    static let maxNameBytes = 1_024
    /// Most events of one topic or pattern: each message of a client is compared with them.
    static let maxEvents = 100

    /// - Parameters:
    ///   - maxGrants: most topics and patterns.
    ///   - skew: how much longer than it says each holds, in seconds.
    /// - Throws: `claimMalformed` for anything but the two forms: who means something else by the claim shall hear of it;
    ///   `tooManyGrants`.
    static func grants(_ claim: JSON, maxGrants: Int, skew: Double) throws(JWTVerifierError) -> [TopicGrant] {
        var grants: [TopicGrant] = []
        switch claim {
        case .array(let items):
            try checkCount(items.count, maxGrants)
            for item in items {
                guard let pattern = item.stringValue else { throw malformed("holds something that is no text") }
                grants.append(TopicGrant(try self.pattern(pattern)))
            }
        case .object(let members):
            try checkCount(members.count, maxGrants)
            for (name, value) in members {
                var grant = TopicGrant(try pattern(name))
                if case .object(let details) = value {
                    grant.events = try events(details["events"] ?? true)
                    grant.expiresAt = try Claims.time(value, "exp").map { Date(timeIntervalSince1970: $0 + skew) }
                } else {
                    grant.events = try events(value)
                }
                grants.append(grant)
            }
        default: throw malformed("is neither an object nor an array")
        }
        return grants
    }

    private static func checkCount(_ count: Int, _ limit: Int) throws(JWTVerifierError) {
        guard count <= limit else {
            throw JWTVerifierError(.tooManyGrants, "The token names \(count) topics, more than \(limit).")
        }
    }

    private static func pattern(_ text: String) throws(JWTVerifierError) -> TopicPattern {
        guard !text.isEmpty else { throw malformed("names a topic without a name") }
        guard text.utf8.count <= maxNameBytes else {
            throw JWTVerifierError(.tooManyGrants, "The token names a topic of more than \(maxNameBytes) bytes.")
        }
        do {
            return try TopicPattern(text)
        } catch {
            throw malformed("has a pattern whose * is not its last character")
        }
    }

    /// nil: all of them.
    private static func events(_ value: JSON) throws(JWTVerifierError) -> [String]? {
        if value == true || value == "*" { return nil }
        guard let items = value.arrayValue else { throw malformed("says neither true nor which events") }
        guard items.count <= maxEvents else {
            throw JWTVerifierError(.tooManyGrants, "The token names \(items.count) events, more than \(maxEvents).")
        }
        var events: [String] = []
        for item in items {
            guard let event = item.stringValue, event.utf8.count <= maxNameBytes else {
                throw malformed("names an event that is none")
            }
            if event == "*" { return nil }
            events.append(event)
        }
        return events
    }

    private static func malformed(_ detail: String) -> JWTVerifierError {
        JWTVerifierError(.claimMalformed, "The token's claim of topics \(detail).")
    }
}
