// Firecrest — the names of a channel's events, found by their bytes.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire

/// Finds an event's place in a list without hashing or making a `String`.
///
/// A channel has a handful of events or a few dozen: their lengths and first bytes tell nearly all of them apart, and are
/// looked through faster than a name is hashed.
struct EventNames: Sendable {
    private let names: [String]
    /// For each name its length and its first seven bytes.
    private let marks: [UInt64]

    /// Of equal names the first counts.
    init(_ names: [String]) {
        self.names = names
        marks = names.map { Self.mark($0.utf8.span, 0..<$0.utf8.count) }
    }

    subscript(index: Int) -> String { names[index] }

    func index(of name: String) -> Int? {
        let mark = Self.mark(name.utf8.span, 0..<name.utf8.count)
        for index in marks.indices where marks[index] == mark {
            if names[index].utf8.elementsEqual(name.utf8) { return index }
        }
        return nil
    }

    /// The same, for a name as it stands in JSON.
    ///
    /// - Parameter literal: one JSON value; with any but a string, or escapes in it, there is none.
    func index(ofLiteral literal: Span<UInt8>) -> Int? {
        guard literal.count >= 2 else { return nil }
        let mark = Self.mark(literal, 1..<literal.count - 1)
        for index in marks.indices where marks[index] == mark {
            if literal.isLiteral(of: names[index]) { return index }
        }
        return nil
    }

    private static func mark(_ bytes: Span<UInt8>, _ name: Range<Int>) -> UInt64 {
        var mark = UInt64(truncatingIfNeeded: name.count)
        for index in name.prefix(7) { mark = mark << 8 | UInt64(bytes[index]) }
        return mark
    }
}
