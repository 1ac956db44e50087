// Firecrest — from terms to JSON, and to terms that every client reads, without building values
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Writes what one format says in the other (phoenix-channels.md §10.2). Terms are without their version byte here.
///
/// | term | JSON |
/// |---|---|
/// | atoms `nil`, `null`, `undefined` | `null` |
/// | atoms `true`, `false` | `true`, `false` |
/// | other atoms | strings |
/// | integers | numbers, exactly |
/// | doubles | numbers; an integral one up to ±2⁵³ without a fraction, so that whoever needs an integer has it |
/// | binaries | strings; there is no form for one that is no UTF-8 |
/// | lists, tuples, lists of bytes (tag 107) | arrays |
/// | maps | objects; keys are the text of what they are |
///
/// The other way round strings are binaries and arrays lists, and an integer beyond 32 bits is a double where it is one
/// exactly, to ±2⁵³. A number without fraction or exponent beyond 64 bits becomes a double, too.
package enum ETFTranscoder {
    /// Appends a term as JSON.
    ///
    /// - Throws: ``ETFError``: `invalidUTF8`, or what is wrong with the term. The buffer is then as it was.
    package static func writeJSON(of term: Span<UInt8>, into buffer: inout ByteBuffer) throws(ETFError) {
        try write(term, with: ETFJSONWriter(), into: &buffer)
    }

    /// Appends a term in the form that every client reads as what it is (``ETFStyle/client``).
    ///
    /// - Throws: ``ETFError``: what is wrong with the term. The buffer is then as it was.
    package static func writePortable(_ term: Span<UInt8>, into buffer: inout ByteBuffer) throws(ETFError) {
        try write(term, with: ETFPortableWriter(), into: &buffer)
    }

    private static func write(
        _ term: Span<UInt8>, with writer: some ETFWriter, into buffer: inout ByteBuffer
    ) throws(ETFError) {
        let start = buffer.writerIndex
        var writer = writer
        // The buffer moves in and out, so that it is never shared and never copied.
        swap(&writer.buffer, &buffer)
        defer { swap(&writer.buffer, &buffer) }
        do {
            var cursor = ETFCursor(at: 0, limits: .lax)
            try ETFWalk.run(&cursor, term, depth: 0, limits: .lax, &writer)
            try cursor.requireEnd(term)
        } catch {
            writer.buffer.moveWriterIndex(to: start)
            throw error
        }
    }
}

private protocol ETFWriter: ETFVisitor {
    var buffer: ByteBuffer { get set }
}

private struct ETFJSONWriter: ETFWriter {
    var buffer = ByteBuffer()
    /// A value stands before the place of the next one.
    private var isBehindValue = false

    mutating func visit(
        _ head: ETFHead, _ place: ETFPlace, _ bytes: Span<UInt8>, _ cursor: ETFCursor
    ) throws(ETFError) {
        separate()
        let isKey = place == .key
        switch head {
        case .binary(let range):
            let text = bytes.extracting(range)
            guard UTF8Validator.isValid(text) else { throw ETFError(.invalidUTF8, at: cursor.start) }
            buffer.writeJSONString(text)
        case .atom(let range, let atom):
            switch atom {
            case .null where !isKey: buffer.writeStaticString("null")
            case .yes where !isKey: buffer.writeStaticString("true")
            case .no where !isKey: buffer.writeStaticString("false")
            default: buffer.writeJSONString(bytes.atomText(range, atom))
            }
        case .integer(let integer):
            if isKey { buffer.writeStaticString("\"") }
            if integer.isNegative { buffer.writeStaticString("-") }
            buffer.writeJSONInteger(integer.magnitude)
            if isKey { buffer.writeStaticString("\"") }
        case .double(let value):
            if isKey { buffer.writeStaticString("\"") }
            buffer.writeJSONNumber(value)
            if isKey { buffer.writeStaticString("\"") }
        case .byteList(let range):
            buffer.writeStaticString("[")
            for index in range {
                if index > range.lowerBound { buffer.writeStaticString(",") }
                buffer.writeJSONInteger(bytes[index])
            }
            buffer.writeStaticString("]")
        case .empty, .list, .tuple, .map: buffer.writeStaticString("[]")
        }
        isBehindValue = !isKey
        if isKey { buffer.writeStaticString(":") }
    }

    mutating func open(_ container: ETFContainer, count: Int) {
        separate()
        buffer.writeStaticString(container == .map ? "{" : "[")
        isBehindValue = false
    }

    mutating func close(_ container: ETFContainer) {
        buffer.writeStaticString(container == .map ? "}" : "]")
        isBehindValue = true
    }

    private mutating func separate() {
        if isBehindValue { buffer.writeStaticString(",") }
    }
}

private struct ETFPortableWriter: ETFWriter {
    var buffer = ByteBuffer()

    mutating func visit(
        _ head: ETFHead, _ place: ETFPlace, _ bytes: Span<UInt8>, _ cursor: ETFCursor
    ) throws(ETFError) {
        switch head {
        case .binary(let range): buffer.writeETFBinary(bytes.extracting(range))
        case .atom(_, .null): buffer.writeETFNil()
        case .atom(_, .yes): buffer.writeETFBool(true)
        case .atom(_, .no): buffer.writeETFBool(false)
        case .atom(let range, let atom):
            let text = bytes.atomText(range, atom)
            // Beyond Latin-1 there is no atom that all read, and text is what it stands for.
            if text.unicodeScalars.allSatisfy({ $0.value <= 0xFF }) {
                try buffer.writeETFAtom(text, .client)
            } else {
                buffer.writeETFString(text)
            }
        case .integer(let integer): buffer.writeETFInteger(integer, .client)
        case .double(let value): buffer.writeETFNumber(value)
        case .byteList(let range):
            buffer.writeMultipleIntegers(ETFTag.byteList, UInt16(truncatingIfNeeded: range.count))
            unsafe buffer.writeBytes(bytes.extracting(range).bytes)
        case .empty, .list, .tuple, .map: buffer.writeETFListEnd()
        }
    }

    mutating func open(_ container: ETFContainer, count: Int) {
        switch container {
        case .list: buffer.writeETFList(count: count)
        case .tuple: buffer.writeETFTuple(count: count)
        case .map: buffer.writeETFMap(count: count)
        }
    }

    mutating func close(_ container: ETFContainer) {
        if container == .list { buffer.writeETFListEnd() }
    }
}

extension ByteBuffer {
    /// Writes a finite number as JSON; as an integer when it is one exactly and every neighbour is, too.
    fileprivate mutating func writeJSONNumber(_ value: Double) {
        if let integer = Int64(exactly: value), integer.magnitude <= ETFInteger.maxExactDouble,
            integer != 0 || value.sign == .plus
        {
            writeJSONInteger(integer)
        } else {
            writeString(value.description)
        }
    }
}
