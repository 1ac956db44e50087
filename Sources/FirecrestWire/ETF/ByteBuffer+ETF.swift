// Firecrest — writes the parts of terms into a buffer
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ByteBuffer {
    /// Writes the byte that stands before every term.
    package mutating func writeETFVersion() {
        writeInteger(ETFTag.version)
    }

    /// Writes one of the atoms that clients know: `nil`, `true` and `false`, tag 115.
    package mutating func writeETFNil() {
        writeStaticString("s\u{3}nil")
    }

    package mutating func writeETFBool(_ value: Bool) {
        writeStaticString(value ? "s\u{4}true" : "s\u{5}false")
    }

    /// Writes an integer in the shortest form.
    package mutating func writeETFInteger(_ value: Int64, _ style: ETFStyle) {
        writeETFInteger(ETFInteger(value), style)
    }

    mutating func writeETFInteger(_ integer: ETFInteger, _ style: ETFStyle) {
        if let value = integer.int32 {
            if let byte = UInt8(exactly: value) {
                writeMultipleIntegers(ETFTag.smallInteger, byte)
            } else {
                writeMultipleIntegers(ETFTag.integer, value)
            }
        } else if style.sparesJavaScript, integer.isNegative || integer.magnitude > UInt64(UInt32.max),
            integer.magnitude <= ETFInteger.maxExactDouble
        {
            let value = Double(integer.magnitude)
            writeETFNumber(integer.isNegative ? -value : value)
        } else {
            let digits = (64 - integer.magnitude.leadingZeroBitCount + 7) / 8
            writeMultipleIntegers(
                ETFTag.smallBig, UInt8(truncatingIfNeeded: digits), integer.isNegative ? 1 : 0 as UInt8)
            for place in 0..<digits {
                writeInteger(UInt8(truncatingIfNeeded: integer.magnitude >> UInt64(place * 8)))
            }
        }
    }

    /// Writes a number as eight bytes.
    ///
    /// - Throws: ``ETFError`` `badFloat` for NaN and the infinities, which Erlang has not. Nothing is written then.
    package mutating func writeETFDouble(_ value: Double) throws(ETFError) {
        guard value.isFinite else { throw ETFError(.badFloat, at: writerIndex) }
        writeETFNumber(value)
    }

    /// The same of a number that is known to be finite.
    mutating func writeETFNumber(_ value: Double) {
        writeMultipleIntegers(ETFTag.newFloat, value.bitPattern)
    }

    /// Writes bytes, or text in UTF-8.
    package mutating func writeETFBinary(_ bytes: Span<UInt8>) {
        // A ByteBuffer holds less than 2³² bytes.
        writeMultipleIntegers(ETFTag.binary, UInt32(truncatingIfNeeded: bytes.count))
        unsafe writeBytes(bytes.bytes)
    }

    package mutating func writeETFBinary(_ bytes: ByteBuffer) {
        writeMultipleIntegers(ETFTag.binary, UInt32(truncatingIfNeeded: bytes.readableBytes))
        writeImmutableBuffer(bytes)
    }

    package mutating func writeETFString(_ text: String) {
        writeETFBinary(text.utf8.span)
    }

    /// Begins a list of `count` elements, at least one. ``writeETFListEnd()`` follows them; alone it is the empty list.
    package mutating func writeETFList(count: Int) {
        writeMultipleIntegers(ETFTag.list, UInt32(truncatingIfNeeded: count))
    }

    package mutating func writeETFListEnd() {
        writeInteger(ETFTag.empty)
    }

    /// Begins a map of `count` pairs, key and value in turn.
    package mutating func writeETFMap(count: Int) {
        writeMultipleIntegers(ETFTag.map, UInt32(truncatingIfNeeded: count))
    }

    package mutating func writeETFTuple(count: Int) {
        if let arity = UInt8(exactly: count) {
            writeMultipleIntegers(ETFTag.smallTuple, arity)
        } else {
            writeMultipleIntegers(ETFTag.largeTuple, UInt32(truncatingIfNeeded: count))
        }
    }

    /// Writes an atom.
    ///
    /// - Throws: ``ETFError`` `atomTooLong` over 255 characters, which Erlang refuses. Nothing is written then.
    package mutating func writeETFAtom(_ text: String, _ style: ETFStyle) throws(ETFError) {
        guard text.unicodeScalars.count <= 255 else { throw ETFError(.atomTooLong, at: writerIndex, limit: 255) }
        let isLatin1 = text.unicodeScalars.allSatisfy { $0.value <= 0xFF }
        if isLatin1, style.atoms != .utf8 {
            let count = text.unicodeScalars.count
            if style.atoms == .latin1 {
                writeMultipleIntegers(ETFTag.atom, UInt16(truncatingIfNeeded: count))
            } else {
                writeMultipleIntegers(ETFTag.smallAtom, UInt8(truncatingIfNeeded: count))
            }
            for scalar in text.unicodeScalars { writeInteger(UInt8(truncatingIfNeeded: scalar.value)) }
        } else {
            if let length = UInt8(exactly: text.utf8.count) {
                writeMultipleIntegers(ETFTag.smallAtomUTF8, length)
            } else {
                writeMultipleIntegers(ETFTag.atomUTF8, UInt16(truncatingIfNeeded: text.utf8.count))
            }
            writeString(text)
        }
    }
}
