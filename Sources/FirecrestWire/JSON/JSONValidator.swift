// Firecrest — whether bytes are exactly one JSON value
// SPDX-License-Identifier: Apache-2.0

/// Says whether bytes are JSON, without building anything from them.
///
/// A payload is validated once, when it arrives, because its raw bytes are sent on to other clients. The work is
/// one pass without recursion; its stack is the same for every input, and it allocates for no input but a number
/// whose first 17 digits are those of the largest that a `Double` can hold.
package enum JSONValidator {
    /// Accepts exactly one JSON value (RFC 8259 §2), with whitespace around it or not.
    ///
    /// Stricter than the grammar in three points that would break somebody further on: nesting and length of numbers
    /// have limits, a number must be finite as a `Double`, and a `\u` escape must not leave half a surrogate pair.
    /// Duplicate keys are fine. The bytes of a string are *not* checked to be UTF-8: a WebSocket text frame is as it
    /// arrives, and for JSON from elsewhere there is ``UTF8Validator``.
    ///
    /// - Throws: ``JSONError`` with the first thing that is wrong.
    package static func validate(_ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let start = bytes.skipWhitespace(from: 0)
        let end = try bytes.skipValue(from: start, depth: 0, limits: limits)
        try bytes.requireEnd(from: end)
    }
}
