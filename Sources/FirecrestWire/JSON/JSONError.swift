// Firecrest — why bytes are not the JSON that was asked for, and where
// SPDX-License-Identifier: Apache-2.0

/// Why bytes were refused as JSON (or a value refused to become JSON), and at which byte.
package struct JSONError: Error, Sendable, Equatable {
    /// The kind of refusal. Raw values are stable: they appear in logs and metrics.
    package enum Code: String, Sendable, CaseIterable {
        /// A byte that the grammar does not allow here (RFC 8259 §2).
        case unexpectedByte
        /// The input stops inside a value, or there is none.
        case unexpectedEnd
        /// Something other than whitespace follows the value.
        case trailingBytes
        /// More arrays and objects are open than ``JSONLimits/maxDepth``.
        case tooDeep
        /// Not a number of RFC 8259 §6: a leading zero, a lone `-`, `.` or `e` without digits.
        case badNumber
        /// A number of more bytes than ``JSONLimits/maxNumberBytes``.
        case numberTooLong
        /// A number whose magnitude no `Double` holds, such as `1e400`; or, on writing, NaN or an infinity.
        case numberOutOfRange
        /// A `\` in a string that starts none of the escapes of RFC 8259 §7.
        case badEscape
        /// A `\u` escape of one half of a surrogate pair (RFC 8259 §8.2): no string holds it.
        case loneSurrogate
        /// A byte below 0x20 in a string; it must be escaped (RFC 8259 §7).
        case controlCharacter
        /// A V2 envelope whose top-level value is no array.
        case notAnArray
        /// A V1 envelope whose top-level value is no object.
        case notAnObject
        /// A V2 envelope of fewer than five elements.
        case tooFewElements
        /// A V1 envelope without `topic`, `event`, `payload` or `ref`.
        case missingKey
        /// A string whose bytes are no UTF-8 (RFC 8259 §8.1).
        case invalidUTF8
    }

    /// What is wrong.
    package let code: Code

    /// Where, in bytes from the start of the input; on writing, bytes from the start of the output.
    package let offset: Int

    /// The limit that was exceeded, in the unit of the limit, or 0 for a code that has none.
    package let limit: Int

    @inline(never)
    package init(_ code: Code, at offset: Int, limit: Int = 0) {
        self.code = code
        self.offset = offset
        self.limit = limit
    }
}

extension JSONError: CustomStringConvertible {
    /// One sentence for a log line or a close reason. It holds no bytes of the input.
    package var description: String {
        "\(sentence) at byte \(offset)."
    }

    private var sentence: String {
        switch code {
        case .unexpectedByte: "JSON does not allow this byte"
        case .unexpectedEnd: "The JSON value is not finished"
        case .trailingBytes: "Something follows the JSON value"
        case .tooDeep: "JSON is nested deeper than the limit of \(limit) levels"
        case .badNumber: "A JSON number is malformed"
        case .numberTooLong: "A JSON number is longer than the limit of \(limit) bytes"
        case .numberOutOfRange: "A number is not finite as a 64-bit floating point value"
        case .badEscape: "A JSON string has an unknown or malformed escape"
        case .loneSurrogate: "A JSON string escapes one half of a surrogate pair"
        case .controlCharacter: "A JSON string has a control character that is not escaped"
        case .notAnArray: "The message is not a JSON array"
        case .notAnObject: "The message is not a JSON object"
        case .tooFewElements: "The message has fewer than the \(limit) elements it needs"
        case .missingKey: "The message has no topic, event, payload or ref"
        case .invalidUTF8: "A JSON string is not valid UTF-8"
        }
    }
}
