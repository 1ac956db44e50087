// Firecrest — which topics a route takes.
// SPDX-License-Identifier: Apache-2.0

/// The topics that a channel route serves: one exact name, or every name with a prefix (Phoenix channel routes).
///
/// A pattern without `*` matches itself only. A pattern that ends in its single `*` matches every topic with that
/// prefix, the bare prefix included; the `*` need not follow a colon (`"foo*"`, `"*"`). Topics are compared as bytes.
public struct TopicPattern: Hashable, Sendable {
    private enum Kind: Hashable {
        case exact(String)
        case prefix(String)
    }

    private let kind: Kind

    /// - Throws: `TopicPatternError` when `*` stands anywhere but at the end, or more than once.
    public init(_ pattern: String) throws(TopicPatternError) {
        // Bytes, not characters: an accent behind the star does not hide it.
        guard let star = pattern.utf8.firstIndex(of: UInt8(ascii: "*")) else {
            self.kind = .exact(pattern)
            return
        }
        guard pattern.utf8.index(after: star) == pattern.utf8.endIndex else {
            throw TopicPatternError(pattern: pattern)
        }
        self.kind = .prefix(String(pattern[..<star]))
    }

    /// The pattern that takes this topic only. A `*` in it is a character as any other.
    public init(exactly topic: Topic) {
        kind = .exact(topic.name)
    }

    public func matches(_ topic: String) -> Bool {
        switch kind {
        case .exact(let name): name.utf8.elementsEqual(topic.utf8)
        case .prefix(let prefix): topic.utf8.starts(with: prefix.utf8)
        }
    }
}

extension TopicPattern: CustomStringConvertible {
    public var description: String {
        switch kind {
        case .exact(let name): name
        case .prefix(let prefix): prefix + "*"
        }
    }
}

/// A channel route whose pattern cannot work. It is found when the endpoint starts, not when a client joins.
public struct TopicPatternError: Error, Hashable, Sendable, CustomStringConvertible {
    public let pattern: String

    public var description: String {
        "topic pattern \"\(pattern)\" has a * that is not its last character; "
            + "write an exact topic (\"room:lobby\") or a prefix with one * at its end (\"room:*\")"
    }
}
