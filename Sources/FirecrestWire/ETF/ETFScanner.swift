// Firecrest — finds the five parts of a message in a term and validates all of it in the same pass
// SPDX-License-Identifier: Apache-2.0

/// Where the parts of a message are, as ranges of offsets into the bytes that were scanned. Each is one valid term.
package struct ETFEnvelope: Sendable, Equatable {
    package var joinRef: Range<Int>
    package var ref: Range<Int>
    package var topic: Range<Int>
    package var event: Range<Int>
    package var payload: Range<Int>
    /// Whether the payload is written so that every client's decoder reads it as what it is (``ETFTranscoder``).
    package var isPortable: Bool
}

/// Finds the parts of a message in its bytes. Runs for each message of a client that speaks terms, and builds nothing.
package enum ETFScanner {
    /// Accepts the version byte and exactly one term.
    ///
    /// - Returns: whether it is portable, as ``ETFEnvelope/isPortable``.
    /// - Throws: ``ETFError`` with the first thing that is wrong.
    @discardableResult
    package static func validate(
        _ bytes: Span<UInt8>, limits: ETFLimits = ETFLimits()
    ) throws(ETFError) -> Bool {
        var cursor = try ETFCursor(bytes, limits: limits)
        var check = ETFPortability()
        try ETFWalk.run(&cursor, bytes, depth: 0, limits: limits, &check)
        try cursor.requireEnd(bytes)
        return check.isPortable
    }

    /// Accepts exactly one term without a version byte that some node has let in, with whatever limits it has.
    package static func validateBare(_ bytes: Span<UInt8>) throws(ETFError) {
        var cursor = ETFCursor(at: 0, limits: .lax)
        var check = ETFPortability()
        try ETFWalk.run(&cursor, bytes, depth: 0, limits: .lax, &check)
        try cursor.requireEnd(bytes)
    }

    /// Scans a message: the list `[join_ref, ref, topic, event, payload]` (phoenix-channels.md §10.3).
    ///
    /// Further elements are validated and then ignored, as with 2.0.0. Depth counts the envelope as 1.
    ///
    /// - Throws: ``ETFError``: `notAList`, `tooFewElements`, or what is wrong with the term.
    package static func scanList(
        _ bytes: Span<UInt8>, limits: ETFLimits = ETFLimits()
    ) throws(ETFError) -> ETFEnvelope {
        var cursor = try ETFCursor(bytes, limits: limits)
        let head = try cursor.next(bytes)
        guard case .list(let count) = head else { throw ETFError(.notAList, at: 1) }
        guard limits.maxDepth > 0 else { throw ETFError(.tooDeep, at: 1, limit: limits.maxDepth) }
        guard count >= 5 else { throw ETFError(.tooFewElements, at: 1, limit: 5) }
        var parts = InlineArray<5, Range<Int>>(repeating: 0..<0)
        var check = ETFPortability()
        var isPortable = true
        for place in 0..<count {
            let start = cursor.index
            check.isPortable = true
            try ETFWalk.run(&cursor, bytes, depth: 1, limits: limits, &check)
            if place < 5 { parts[place] = start..<cursor.index }
            if place == 4 { isPortable = check.isPortable }
        }
        try cursor.endList(bytes)
        try cursor.requireEnd(bytes)
        return ETFEnvelope(
            joinRef: parts[0], ref: parts[1], topic: parts[2], event: parts[3], payload: parts[4],
            isPortable: isPortable)
    }

    /// What a part is, as far as an envelope asks.
    package enum Part: Sendable, Equatable {
        case null
        /// A binary: the range of its bytes, which may be no UTF-8.
        case binary(Range<Int>)
        case other
    }

    /// What the term at `range` is, which must have been validated. Anything else is `other`.
    package static func part(_ range: Range<Int>, of bytes: Span<UInt8>) -> Part {
        let limits = ETFLimits(maxBytes: .max, atoms: .text, keys: .any)
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return .other }
        var cursor = ETFCursor(at: range.lowerBound, limits: limits)
        guard let head = try? cursor.next(bytes.extracting(..<range.upperBound)) else { return .other }
        switch head {
        case .atom(_, .null): return .null
        case .binary(let bytes): return .binary(bytes)
        default: return .other
        }
    }
}

/// Whether a term is written so that erlpack's JavaScript reads it as what it is: it knows no atoms in UTF-8, and takes
/// an integer of more than 32 bits for text.
struct ETFPortability: ETFVisitor {
    var isPortable = true

    @inline(__always)
    mutating func visit(
        _ head: ETFHead, _ place: ETFPlace, _ bytes: Span<UInt8>, _ cursor: ETFCursor
    ) {
        switch head {
        case .atom(let range, let atom):
            // `undefined`, which is text to JavaScript, is the longest of those that mean nothing.
            if cursor.tag == ETFTag.atomUTF8 || cursor.tag == ETFTag.smallAtomUTF8 || (atom == .null && range.count > 4)
            {
                isPortable = false
            }
        case .integer(let integer):
            guard cursor.tag == ETFTag.smallBig || cursor.tag == ETFTag.largeBig else { return }
            let digits = cursor.index - cursor.start - (cursor.tag == ETFTag.smallBig ? 3 : 6)
            if integer.magnitude <= ETFInteger.maxExactDouble, integer.isNegative || digits > 4 { isPortable = false }
        default: break
        }
    }

    @inline(__always)
    mutating func open(_ container: ETFContainer, count: Int) {}

    @inline(__always)
    mutating func close(_ container: ETFContainer) {}
}
