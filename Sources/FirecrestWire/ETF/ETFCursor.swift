// Firecrest — reads terms one head at a time
// SPDX-License-Identifier: Apache-2.0

/// A place in the bytes of a term, and how many terms may still come.
///
/// Allocates nothing. What a head claims is checked against the bytes that are there before anybody sees the claim.
struct ETFCursor {
    private(set) var index: Int
    /// The tag of the head that was read last.
    private(set) var tag: UInt8 = 0
    /// Where that head began.
    private(set) var start: Int
    private var itemsLeft: Int
    private let limits: ETFLimits

    /// At the version byte.
    ///
    /// - Throws: ``ETFError``: `tooLarge`, `noVersion`, `unexpectedEnd`.
    init(_ bytes: Span<UInt8>, limits: ETFLimits) throws(ETFError) {
        guard bytes.count <= limits.maxBytes else { throw ETFError(.tooLarge, at: 0, limit: limits.maxBytes) }
        guard bytes.count > 0 else { throw ETFError(.unexpectedEnd, at: 0) }
        guard bytes[0] == ETFTag.version else { throw ETFError(.noVersion, at: 0) }
        self.init(at: 1, limits: limits)
    }

    /// At a term without a version byte before it.
    init(at index: Int, limits: ETFLimits) {
        self.index = index
        start = index
        itemsLeft = limits.maxItems
        self.limits = limits
    }

    /// Reads what a term is and moves behind that: behind the whole term, but for lists, tuples and maps that have
    /// elements.
    @inline(__always)
    mutating func next(_ bytes: Span<UInt8>) throws(ETFError) -> ETFHead {
        start = index
        guard index < bytes.count else { throw ETFError(.unexpectedEnd, at: index) }
        try count(1)
        tag = bytes[index]
        index += 1
        switch tag {
        case ETFTag.smallInteger:
            let value = try number(bytes, bytes: 1)
            return .integer(ETFInteger(magnitude: UInt64(value), isNegative: false))
        case ETFTag.integer:
            let value = Int32(truncatingIfNeeded: try number(bytes, bytes: 4))
            return .integer(ETFInteger(Int64(value)))
        case ETFTag.binary:
            let length = try number(bytes, bytes: 4)
            return .binary(try take(length, of: bytes))
        case ETFTag.smallAtom: return try atom(bytes, sizeBytes: 1, isUTF8: false)
        case ETFTag.smallAtomUTF8: return try atom(bytes, sizeBytes: 1, isUTF8: true)
        case ETFTag.atom: return try atom(bytes, sizeBytes: 2, isUTF8: false)
        case ETFTag.atomUTF8: return try atom(bytes, sizeBytes: 2, isUTF8: true)
        case ETFTag.empty: return .empty
        case ETFTag.list:
            // The elements and the empty list behind them.
            let count = try number(bytes, bytes: 4)
            return .list(try elements(count, bytesEach: 1, more: 1, of: bytes))
        case ETFTag.map:
            let pairs = try number(bytes, bytes: 4)
            return .map(try elements(pairs, bytesEach: 2, more: 0, of: bytes))
        case ETFTag.smallTuple, ETFTag.largeTuple:
            let count = try number(bytes, bytes: tag == ETFTag.smallTuple ? 1 : 4)
            return .tuple(try arity(count, of: bytes))
        case ETFTag.newFloat: return .double(try double(bytes))
        default: return try rare(bytes)
        }
    }

    /// Moves over the empty list that ends a list.
    @inline(__always)
    mutating func endList(_ bytes: Span<UInt8>) throws(ETFError) {
        guard index < bytes.count else { throw ETFError(.unexpectedEnd, at: index) }
        guard bytes[index] == ETFTag.empty else { throw ETFError(.improperList, at: index) }
        index += 1
    }

    func requireEnd(_ bytes: Span<UInt8>) throws(ETFError) {
        guard index == bytes.count else { throw ETFError(.trailingBytes, at: index) }
    }
}

extension ETFCursor {
    @inline(never)
    private mutating func rare(_ bytes: Span<UInt8>) throws(ETFError) -> ETFHead {
        switch tag {
        case ETFTag.byteList:
            let length = try number(bytes, bytes: 2)
            let range = try take(length, of: bytes)
            try count(length)
            return .byteList(range)
        case ETFTag.smallBig: return .integer(try big(bytes, sizeBytes: 1))
        case ETFTag.largeBig: return .integer(try big(bytes, sizeBytes: 4))
        case ETFTag.float: return .double(try textDouble(bytes))
        case ETFTag.compressed: throw ETFError(.compressed, at: start)
        default: throw ETFError(.unsupportedTag, at: start)
        }
    }

    @inline(__always)
    private mutating func count(_ items: Int) throws(ETFError) {
        guard items <= itemsLeft else { throw ETFError(.tooManyItems, at: start, limit: limits.maxItems) }
        itemsLeft -= items
    }

    /// An unsigned number of up to four bytes, the highest first.
    @inline(__always)
    private mutating func number(_ bytes: Span<UInt8>, bytes width: Int) throws(ETFError) -> Int {
        guard width <= bytes.count - index else { throw ETFError(.unexpectedEnd, at: bytes.count) }
        var value = 0
        for place in 0..<width { value = value << 8 | Int(bytes[index + place]) }
        index += width
        return value
    }

    @inline(__always)
    private mutating func take(_ length: Int, of bytes: Span<UInt8>) throws(ETFError) -> Range<Int> {
        guard length <= bytes.count - index else { throw ETFError(.unexpectedEnd, at: bytes.count) }
        let range = index..<index + length
        index += length
        return range
    }

    /// Refuses a claim that the bytes which are left cannot meet: every term has one byte at least.
    @inline(__always)
    private func elements(
        _ claimed: Int, bytesEach: Int, more: Int, of bytes: Span<UInt8>
    ) throws(ETFError) -> Int {
        // At most 2³² × 2: no overflow.
        guard claimed * bytesEach + more <= bytes.count - index else { throw ETFError(.countTooLarge, at: start) }
        guard claimed * bytesEach <= itemsLeft else {
            throw ETFError(.tooManyItems, at: start, limit: limits.maxItems)
        }
        return claimed
    }

    private func arity(_ claimed: Int, of bytes: Span<UInt8>) throws(ETFError) -> Int {
        guard claimed <= limits.maxTupleArity else {
            throw ETFError(.tupleTooLarge, at: start, limit: limits.maxTupleArity)
        }
        return try elements(claimed, bytesEach: 1, more: 0, of: bytes)
    }

    @inline(__always)
    private mutating func atom(
        _ bytes: Span<UInt8>, sizeBytes: Int, isUTF8: Bool
    ) throws(ETFError) -> ETFHead {
        let length = try number(bytes, bytes: sizeBytes)
        guard length <= limits.maxAtomBytes else {
            throw ETFError(.atomTooLong, at: start, limit: limits.maxAtomBytes)
        }
        let range = try take(length, of: bytes)
        if let known = bytes.knownAtom(range) { return .atom(range, known) }
        guard limits.atoms == .text else { throw ETFError(.unknownAtom, at: start) }
        if isUTF8, !UTF8Validator.isValid(bytes.extracting(range)) { throw ETFError(.invalidUTF8, at: start) }
        return .atom(range, isUTF8 ? .utf8 : .latin1)
    }

    private mutating func double(_ bytes: Span<UInt8>) throws(ETFError) -> Double {
        let high = try number(bytes, bytes: 4)
        let low = try number(bytes, bytes: 4)
        let value = Double(bitPattern: UInt64(high) << 32 | UInt64(low))
        guard value.isFinite else { throw ETFError(.badFloat, at: start) }
        return value
    }

    /// Digits from the lowest on. Zeros above the eighth are none of the value, and as suspicious as digits there.
    private mutating func big(_ bytes: Span<UInt8>, sizeBytes: Int) throws(ETFError) -> ETFInteger {
        let digits = try number(bytes, bytes: sizeBytes)
        guard digits <= 8 else { throw ETFError(.integerTooLong, at: start) }
        let sign = try number(bytes, bytes: 1)
        guard sign <= 1 else { throw ETFError(.unsupportedTag, at: start) }
        let range = try take(digits, of: bytes)
        var magnitude: UInt64 = 0
        for index in range.reversed() { magnitude = magnitude << 8 | UInt64(bytes[index]) }
        return ETFInteger(magnitude: magnitude, isNegative: sign == 1)
    }

    /// What C's `%.20e` prints, zeros behind it: 31 bytes.
    private mutating func textDouble(_ bytes: Span<UInt8>) throws(ETFError) -> Double {
        let range = try take(31, of: bytes)
        var text = ""
        var ended = false
        for index in range {
            switch bytes[index] {
            case 0: ended = true
            case let byte where ended || !Self.isNumeric(byte): throw ETFError(.badFloat, at: start)
            case let byte: text.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        guard let value = Double(text), value.isFinite else { throw ETFError(.badFloat, at: start) }
        return value
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}

extension Span<UInt8> {
    /// The meaning of the atom whose text is at `range`, or `nil` when it has none. Compares, and looks up nothing.
    @inline(__always)
    fileprivate func knownAtom(_ range: Range<Int>) -> ETFAtom? {
        guard range.count >= 3, range.count <= 9 else { return nil }
        var word: UInt64 = 0
        for index in range.prefix(8) { word = word << 8 | UInt64(self[index]) }
        switch (range.count, word) {
        case (3, 0x6E_696C), (4, 0x6E75_6C6C): return .null
        case (4, 0x7472_7565): return .yes
        case (5, 0x66_616C_7365): return .no
        case (9, 0x756E_6465_6669_6E65) where self[range.upperBound - 1] == UInt8(ascii: "d"): return .null
        default: return nil
        }
    }
}
