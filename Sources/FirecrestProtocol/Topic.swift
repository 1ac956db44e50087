// Firecrest — the name that channels of many clients share.
// SPDX-License-Identifier: Apache-2.0

/// The name of a conversation, for example `room:lobby`.
///
/// Topics are plain text with no length limit of their own; an endpoint limits them (1,024 bytes by default). By
/// convention they read `subject:subtopic`, which is what a pattern such as `room:*` routes on.
public struct Topic: Hashable, Sendable {
    /// The whole name.
    public let name: String

    public init(_ name: String) {
        self.name = name
    }

    /// What follows the first colon: `lobby` of `room:lobby`. Empty when there is no colon.
    public var subtopic: Substring {
        // Bytes: to Swift a colon and the accent behind it are one character.
        guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else { return "" }
        return Substring(name.utf8[name.utf8.index(after: colon)...])
    }
}

extension Topic: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

extension Topic: CustomStringConvertible {
    public var description: String { name }
}
