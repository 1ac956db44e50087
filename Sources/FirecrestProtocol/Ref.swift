// Firecrest — a client's message reference, kept exactly as it came.
// SPDX-License-Identifier: Apache-2.0

/// The `ref` or `join_ref` of a message, as the JSON text that the client sent.
///
/// Phoenix echoes refs with the JSON type they came with: `"10"`, `10` and `null` are three refs (V2, section 2.2 of the
/// protocol notes). Keeping the text makes that exact and, at up to 15 bytes, free of allocation.
public struct Ref: Hashable, Sendable {
    /// Longest ref that is taken, in bytes of JSON text. Clients count with short decimal strings; a ref is kept for
    /// the life of a channel, so it must not be a place to park data.
    package static let maxBytes = 256

    /// The JSON text: a string with its quotes, a number, `null`, or any other JSON value.
    package let json: String

    package init(json: String) {
        self.json = json
    }

    /// A string ref, the form phoenix.js uses. `text` must need no JSON escapes.
    package init(_ text: String) {
        self.json = "\"\(text)\""
    }

    public static let null = Ref(json: "null")

    public var isNull: Bool { json == "null" }

    /// The ref as plain text: a JSON string without its quotes, any other value as it stands, null as nothing.
    package var text: Substring {
        if isNull { return "" }
        guard json.utf8.count >= 2, json.utf8.first == UInt8(ascii: "\"") else { return json[...] }
        return json.dropFirst().dropLast()
    }
}

extension Ref: CustomStringConvertible {
    public var description: String { json }
}
