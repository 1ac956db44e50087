// Firecrest — terms from bytes
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ETFTerm {
    /// Decodes the readable bytes of a buffer: the version byte and exactly one term.
    ///
    /// Builds as much as the bytes hold, whatever they claim. Binaries are slices of `buffer` and keep its memory.
    ///
    /// - Throws: ``ETFError`` with the first thing that is wrong.
    package init(decoding buffer: ByteBuffer, limits: ETFLimits = ETFLimits()) throws(ETFError) {
        let bytes = buffer.readableBytesUInt8Span
        var cursor = try ETFCursor(bytes, limits: limits)
        var builder = ETFBuilder(buffer: buffer)
        try ETFWalk.run(&cursor, bytes, depth: 0, limits: limits, &builder)
        try cursor.requireEnd(bytes)
        guard let term = builder.terms.popLast() else { throw ETFError(.unexpectedEnd, at: bytes.count) }
        self = term
    }

    /// The same from bytes in an array, such as a token's.
    package init(decoding bytes: [UInt8], limits: ETFLimits = ETFLimits()) throws(ETFError) {
        try self.init(decoding: ByteBuffer(bytes: bytes), limits: limits)
    }
}

/// Builds terms: the elements of those that are open, side by side, and where each begins.
private struct ETFBuilder: ETFVisitor {
    let buffer: ByteBuffer
    var terms: [ETFTerm] = []
    private var starts: [Int] = []

    init(buffer: ByteBuffer) {
        self.buffer = buffer
    }

    mutating func visit(
        _ head: ETFHead, _ place: ETFPlace, _ bytes: Span<UInt8>, _ cursor: ETFCursor
    ) throws(ETFError) {
        switch head {
        case .atom(let range, let atom): terms.append(.atom(bytes.atomText(range, atom)))
        case .integer(let integer): terms.append(.integer(integer.value))
        case .double(let value): terms.append(.double(value))
        case .binary(let range):
            let slice = buffer.getSlice(at: buffer.readerIndex + range.lowerBound, length: range.count)
            terms.append(.binary(slice ?? ByteBuffer()))
        case .byteList(let range):
            terms.append(.list(range.map { .integer(Int128(bytes[$0])) }))
        case .empty, .list, .tuple, .map: terms.append(.list([]))
        }
    }

    mutating func open(_ container: ETFContainer, count: Int) {
        starts.append(terms.count)
    }

    mutating func close(_ container: ETFContainer) {
        let start = min(starts.popLast() ?? 0, terms.count)
        let elements = Array(terms[start...])
        terms.removeSubrange(start...)
        switch container {
        case .list: terms.append(.list(elements))
        case .tuple: terms.append(.tuple(elements))
        case .map:
            terms.append(
                .map(stride(from: 0, to: elements.count - 1, by: 2).map { .init(elements[$0], elements[$0 + 1]) }))
        }
    }
}

extension Span<UInt8> {
    /// The text of an atom.
    func atomText(_ range: Range<Int>, _ atom: ETFAtom) -> String {
        if atom == .latin1 {
            var text = ""
            for index in range { text.unicodeScalars.append(Unicode.Scalar(self[index])) }
            return text
        }
        guard let utf8 = try? UTF8Span(validating: extracting(range)) else { return "" }
        return String(copying: utf8)
    }
}
