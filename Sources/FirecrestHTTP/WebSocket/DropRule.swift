// Firecrest — how a frame gives way to others when its client does not read.
// SPDX-License-Identifier: Apache-2.0

/// What may be done with a queued frame that may be dropped.
package struct DropRule {
    package enum Kind: Sendable {
        /// It makes room for later ones.
        case oldest
        /// It is dropped rather than queued where there is no room; once queued it gives way only to what must be sent.
        case newest
        /// A later one with the same key takes its place.
        case latest(ConflationKey)

        /// As the option says it.
        package var name: String {
            switch self {
            case .oldest: "dropOldest"
            case .newest: "dropNewest"
            case .latest: "latest"
            }
        }
    }

    package let kind: Kind
    /// Whose frame it is.
    package let owner: (any DropObserver)?

    package init(_ kind: Kind, owner: (any DropObserver)? = nil) {
        self.kind = kind
        self.owner = owner
    }

    var key: ConflationKey? {
        if case .latest(let key) = kind { key } else { nil }
    }

    /// Whether it gives way to other frames that may be dropped.
    var makesRoom: Bool {
        if case .newest = kind { false } else { true }
    }
}

/// What a frame is the latest of.
package struct ConflationKey: Hashable, Sendable {
    private let topic: String
    private let name: String

    package init(topic: String, name: String) {
        self.topic = topic
        self.name = name
    }

    /// Byte by byte, as topics are.
    package static func == (left: ConflationKey, right: ConflationKey) -> Bool {
        left.topic.utf8.elementsEqual(right.topic.utf8) && left.name.utf8.elementsEqual(right.name.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(topic)
        hasher.combine(name)
    }
}

extension LoopContext {
    /// Counts a frame that a client will not get, and tells whose it is.
    package func dropped(_ rule: DropRule) {
        switch rule.kind {
        case .oldest: statistics.broadcastsDroppedOldest += 1
        case .newest: statistics.broadcastsDroppedNewest += 1
        case .latest: statistics.broadcastsConflated += 1
        }
        rule.owner?.dropped(rule.kind)
    }
}

/// Hears of its frames that a client will not get.
///
/// Isolation: called on the connection's loop.
package protocol DropObserver: AnyObject {
    func dropped(_ kind: DropRule.Kind)
}
