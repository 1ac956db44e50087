// Firecrest — what one term is, without the terms within it
// SPDX-License-Identifier: Apache-2.0

/// A term up to where its elements begin, as it stands in the bytes.
enum ETFHead {
    /// The range of its text.
    case atom(Range<Int>, ETFAtom)
    /// Sign and magnitude, for the format has them apart.
    case integer(ETFInteger)
    case double(Double)
    case binary(Range<Int>)
    /// The empty list.
    case empty
    /// A list of bytes in short form.
    case byteList(Range<Int>)
    /// Elements, then the empty list.
    case list(Int)
    case tuple(Int)
    /// Pairs.
    case map(Int)
}

/// What an atom means here.
enum ETFAtom: Equatable {
    case null, yes, no
    /// Any other, and the encoding of its text.
    case latin1, utf8
}

/// An integer of up to 64 bits and a sign.
struct ETFInteger: Equatable {
    var magnitude: UInt64
    var isNegative: Bool

    init(magnitude: UInt64, isNegative: Bool) {
        self.magnitude = magnitude
        self.isNegative = isNegative && magnitude != 0
    }

    init(_ value: Int64) {
        self.init(magnitude: value.magnitude, isNegative: value < 0)
    }

    /// `nil` beyond ±(2⁶⁴ − 1).
    init?(_ value: Int128) {
        guard let magnitude = UInt64(exactly: value.magnitude) else { return nil }
        self.init(magnitude: magnitude, isNegative: value < 0)
    }

    var value: Int128 { isNegative ? -Int128(magnitude) : Int128(magnitude) }

    /// The value when it fits tag 98.
    var int32: Int32? {
        if isNegative { return magnitude <= 1 << 31 ? Int32(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int32(exactly: magnitude)
    }

    /// Most that every integer below is a `Double` exactly: 2⁵³.
    static let maxExactDouble: UInt64 = 1 << 53
}
