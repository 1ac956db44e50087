// Firecrest — finds status and response in the payload of a reply
// SPDX-License-Identifier: Apache-2.0

/// Where the two parts of a `phx_reply` payload are, `{"status": …, "response": …}` (phoenix-channels.md §2.2).
package struct ReplyParts: Sendable, Equatable {
    /// A JSON literal, with quotes when it is a string.
    package var status: Range<Int>
    /// Any JSON value.
    package var response: Range<Int>
}

/// The client's half of ``EnvelopeScanner``: a reply's payload is an envelope of its own.
package enum ReplyScanner {
    /// Scans one JSON object. Keys are in any order, others are ignored, and of duplicates the last wins.
    ///
    /// - Throws: ``JSONError``: `notAnObject`, `missingKey`, or what is wrong with the JSON.
    package static func scan(
        _ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> ReplyParts {
        let start = bytes.skipWhitespace(from: 0)
        guard bytes.byteOrZero(at: start) == UInt8(ascii: "{") else {
            throw start < bytes.count ? JSONError(.notAnObject, at: start) : JSONError(.unexpectedEnd, at: start)
        }
        guard limits.maxDepth > 0 else { throw JSONError(.tooDeep, at: start, limit: limits.maxDepth) }
        var status: Range<Int>?
        var response: Range<Int>?
        var index = bytes.skipWhitespace(from: start + 1)
        if bytes.byteOrZero(at: index) != UInt8(ascii: "}") {
            while true {
                let value = try bytes.skipKey(from: index)
                let key = JSONString.decode(bytes.extracting(index..<(try bytes.skipString(from: index))))
                let end = try bytes.skipValue(from: value, depth: 1, limits: limits)
                if key == "status" { status = value..<end }
                if key == "response" { response = value..<end }
                index = bytes.skipWhitespace(from: end)
                guard bytes.byteOrZero(at: index) == UInt8(ascii: ",") else { break }
                index = bytes.skipWhitespace(from: index + 1)
            }
            guard bytes.byteOrZero(at: index) == UInt8(ascii: "}") else { throw bytes.unexpected(at: index) }
        }
        try bytes.requireEnd(from: index + 1)
        guard let status, let response else { throw JSONError(.missingKey, at: index) }
        return ReplyParts(status: status, response: response)
    }
}
