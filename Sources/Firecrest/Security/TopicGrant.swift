// Firecrest — what a client may do on some topics, and until when.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol
public import FoundationEssentials

/// A part of a `SocketGrant`: leave to join the topics that a pattern takes, and to send some events there.
public struct TopicGrant: Sendable, Hashable {
    public var pattern: TopicPattern
    /// The events that the client may send there; any other is answered with the error `{"reason": "unauthorized"}`. Empty:
    /// it may only listen. nil, the default: all. Leaving is always allowed.
    public var events: [String]?
    /// When this part ends. A channel that no other part allows then ends with `phx_error` and the reason `token_expired`:
    /// phoenix.js joins again, and is refused with that reason until it has presented a fresh token. nil, the default: with
    /// the whole grant.
    public var expiresAt: Date?

    public init(_ pattern: TopicPattern, events: [String]? = nil, expiresAt: Date? = nil) {
        self.pattern = pattern
        self.events = events
        self.expiresAt = expiresAt
    }

    /// One topic by its name, whatever characters are in it.
    public init(_ topic: Topic, events: [String]? = nil, expiresAt: Date? = nil) {
        self.init(TopicPattern(exactly: topic), events: events, expiresAt: expiresAt)
    }

    /// A pattern as routes have it: an exact topic, or a prefix that ends in `*`.
    ///
    /// - Throws: `TopicPatternError` for one that cannot work. A name that comes from users must not be taken for a pattern:
    ///   `*` in it would grant more than was meant; hand it over as a `Topic`.
    public init(pattern: String, events: [String]? = nil, expiresAt: Date? = nil) throws(TopicPatternError) {
        self.init(try TopicPattern(pattern), events: events, expiresAt: expiresAt)
    }
}
