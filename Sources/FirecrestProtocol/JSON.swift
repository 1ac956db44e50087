// Firecrest — a JSON value of any shape, for payloads without a Swift type of their own
// SPDX-License-Identifier: Apache-2.0

/// Any JSON value (RFC 8259 §3).
///
/// For a payload whose shape is known, a `Codable` type of your own reads better; this is for the ones whose shape is
/// not. It is written as the literals suggest, and read through optionals: whatever is absent or of another kind is
/// `nil`, and nothing a client sends can trap.
///
/// ```swift
/// let reply: JSON = ["user": ["id": 7, "name": "Ada"], "roles": ["admin"]]
/// reply["user"]?["name"]?.stringValue  // "Ada"
/// reply["roles"]?[3]                   // nil
/// ```
///
/// Two values are equal when they are the same case with the same content: `.integer(1)` is not `.number(1)`. Use
/// ``doubleValue`` to compare numbers from different sources.
public enum JSON: Sendable, Hashable {
    /// `null`. A value that is there, unlike the `nil` of a key that is not.
    case null

    /// `true` or `false`.
    case bool(Bool)

    /// A number without fraction or exponent that fits 64 bits. Kept exactly.
    ///
    /// JavaScript does not: it rounds integers beyond ±(2⁵³ − 1) (RFC 8259 §6). Send those as strings.
    case integer(Int64)

    /// Any other number. NaN and the infinities can be built but not written: JSON has no form for them.
    case number(Double)

    /// A string.
    case string(String)

    /// An array.
    case array([JSON])

    /// An object. Its order is lost, and of duplicate keys the last wins (RFC 8259 §4 leaves both to the reader).
    ///
    /// Keys are Swift strings, so two keys that Unicode calls canonically equivalent, such as `é` in one scalar and in
    /// two, are duplicates of each other.
    case object([String: JSON])
}
