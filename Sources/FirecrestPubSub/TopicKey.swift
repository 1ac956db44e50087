// Firecrest — a topic as the key of a table.
// SPDX-License-Identifier: Apache-2.0

/// Compared byte by byte as the interest filter and Phoenix do; a `String` would take two spellings of one accent for the
/// same topic.
struct TopicKey: Hashable {
    private let name: String

    init(_ name: String) {
        self.name = name
    }

    static func == (left: TopicKey, right: TopicKey) -> Bool {
        left.name.utf8.elementsEqual(right.name.utf8)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(name)
    }
}
