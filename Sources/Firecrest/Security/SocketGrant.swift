// Firecrest — what a client's credentials allow, and until when.
// SPDX-License-Identifier: Apache-2.0

public import FoundationEssentials

/// What a client's credentials allow on its connection, and until when. `Socket.grant` makes it of what `connect` or
/// `refresh` found out.
///
/// ```swift
/// static func grant(_ assigns: Assigns) -> SocketGrant? {
///     assigns[.claims].map { claims in
///         SocketGrant(expiresAt: claims.expiration, topics: [TopicGrant(claims.room), TopicGrant(.news, events: [])])
///     }
/// }
/// ```
///
/// The framework holds to it, before any code of a channel runs: a join of a topic that is not granted is refused, an event
/// that is not granted is answered with an error, and what has been joined ends with the grant.
public struct SocketGrant: Sendable, Hashable {
    /// Topics that a grant may name: each join looks through them, and in some grants each event. A grant with more is
    /// refused, as `connect` would.
    public static let maxTopics = 1_000

    /// When all of it ends: the connection is then closed with 1008 and the reason `token_expired`, upon which phoenix.js
    /// comes back with the parameters, and so the token, that it has by then. nil, the default: never.
    ///
    /// Read against the system's clock once, when the grant is given; from then on what counts is the time that passes.
    public var expiresAt: Date?
    /// The topics that may be joined, and what may be done there; of several that take a topic each adds to what the others
    /// allow. Empty: none. nil, the default: all.
    public var topics: [TopicGrant]?

    public init(expiresAt: Date? = nil, topics: [TopicGrant]? = nil) {
        self.expiresAt = expiresAt
        self.topics = topics
    }
}

extension SocketGrant {
    /// Whole seconds until the first part of it ends, at least 0; nil when none does.
    var secondsLeft: Int? {
        let ends = [expiresAt].compactMap(\.self) + (topics ?? []).compactMap(\.expiresAt)
        return ends.map(\.timeIntervalSinceNow).min().map { Int(exactly: max(0, $0).rounded(.down)) ?? .max }
    }
}
