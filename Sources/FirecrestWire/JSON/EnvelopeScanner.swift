// Firecrest — finds the five parts of a message and validates all of it in the same pass
// SPDX-License-Identifier: Apache-2.0

/// Finds the parts of a message in its bytes. Runs for each message a client sends.
///
/// The whole input is held to the rules of ``JSONValidator``, in the same pass. Depth counts the envelope as 1.
package enum EnvelopeScanner {
    /// Scans a V2 message: `[join_ref, ref, topic, event, payload]` (phoenix-channels.md §2.2).
    ///
    /// Further elements are validated and then ignored, as Phoenix does.
    ///
    /// - Throws: ``JSONError``: `notAnArray`, `tooFewElements`, or what is wrong with the JSON.
    package static func scanArray(
        _ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> Envelope {
        let start = try open(UInt8(ascii: "["), bytes, limits, otherwise: .notAnArray)
        var parts = InlineArray<5, Range<Int>>(repeating: 0..<0)
        var found = 0
        var index = bytes.skipWhitespace(from: start + 1)
        if bytes.byteOrZero(at: index) != UInt8(ascii: "]") {
            while true {
                let end = try bytes.skipValue(from: index, depth: 1, limits: limits)
                if found < 5 {
                    parts[found] = index..<end
                    found += 1
                }
                index = bytes.skipWhitespace(from: end)
                guard bytes.byteOrZero(at: index) == UInt8(ascii: ",") else { break }
                index = bytes.skipWhitespace(from: index + 1)
            }
            guard bytes.byteOrZero(at: index) == UInt8(ascii: "]") else { throw bytes.unexpected(at: index) }
        }
        try bytes.requireEnd(from: index + 1)
        guard found == 5 else { throw JSONError(.tooFewElements, at: index, limit: 5) }
        return Envelope(joinRef: parts[0], ref: parts[1], topic: parts[2], event: parts[3], payload: parts[4])
    }

    /// Scans a V1 message: an object with `topic`, `event`, `payload`, `ref` and perhaps `join_ref`
    /// (phoenix-channels.md §2.1).
    ///
    /// Keys are in any order, others are ignored, and of duplicates the last wins. A key is compared as the text it
    /// stands for, so `"\u0072ef"` is `ref`.
    ///
    /// - Throws: ``JSONError``: `notAnObject`, `missingKey`, or what is wrong with the JSON.
    package static func scanObject(
        _ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> Envelope {
        let start = try open(UInt8(ascii: "{"), bytes, limits, otherwise: .notAnObject)
        var parts = EnvelopeParts()
        var index = bytes.skipWhitespace(from: start + 1)
        if bytes.byteOrZero(at: index) != UInt8(ascii: "}") {
            while true {
                let value = try bytes.skipKey(from: index)
                let key = EnvelopeKey(bytes, from: index, before: value)
                let end = try bytes.skipValue(from: value, depth: 1, limits: limits)
                if let key { parts.set(key, to: value..<end) }
                index = bytes.skipWhitespace(from: end)
                guard bytes.byteOrZero(at: index) == UInt8(ascii: ",") else { break }
                index = bytes.skipWhitespace(from: index + 1)
            }
            guard bytes.byteOrZero(at: index) == UInt8(ascii: "}") else { throw bytes.unexpected(at: index) }
        }
        try bytes.requireEnd(from: index + 1)
        guard let envelope = parts.envelope else { throw JSONError(.missingKey, at: index) }
        return envelope
    }

    @inline(__always)
    private static func open(
        _ bracket: UInt8, _ bytes: Span<UInt8>, _ limits: JSONLimits, otherwise code: JSONError.Code
    ) throws(JSONError) -> Int {
        let start = bytes.skipWhitespace(from: 0)
        guard bytes.byteOrZero(at: start) == bracket else {
            throw start < bytes.count ? JSONError(code, at: start) : JSONError(.unexpectedEnd, at: start)
        }
        guard limits.maxDepth > 0 else { throw JSONError(.tooDeep, at: start, limit: limits.maxDepth) }
        return start
    }
}
