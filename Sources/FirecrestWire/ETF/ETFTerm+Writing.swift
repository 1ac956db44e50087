// Firecrest — terms to bytes
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ETFTerm {
    /// Writes the version byte and the term.
    ///
    /// - Throws: ``ETFError``: `badFloat` for NaN and the infinities, `integerTooLong` beyond 64 bits, `atomTooLong`, and
    ///   `tooDeep` for more than 1,024 levels. The buffer is then as it was.
    package func write(into buffer: inout ByteBuffer, _ style: ETFStyle = .erlang) throws(ETFError) {
        let start = buffer.writerIndex
        buffer.writeETFVersion()
        do {
            try writeTerm(into: &buffer, style)
        } catch {
            buffer.moveWriterIndex(to: start)
            throw error
        }
    }

    /// Writes the term without a version byte, as part of another.
    package func writeTerm(into buffer: inout ByteBuffer, _ style: ETFStyle) throws(ETFError) {
        // Recursion, bounded.
        try write(into: &buffer, style, room: ETFLimits.deepest)
    }

    /// The version byte and the term, in memory of their own.
    package func encoded(_ style: ETFStyle = .erlang) throws(ETFError) -> ByteBuffer {
        var buffer = ByteBuffer()
        try write(into: &buffer, style)
        return buffer
    }

    private func write(into buffer: inout ByteBuffer, _ style: ETFStyle, room: Int) throws(ETFError) {
        switch self {
        case .atom(let text): try buffer.writeETFAtom(text, style)
        case .integer(let value):
            guard let integer = ETFInteger(value) else { throw ETFError(.integerTooLong, at: buffer.writerIndex) }
            buffer.writeETFInteger(integer, style)
        case .double(let value): try buffer.writeETFDouble(value)
        case .binary(let bytes): buffer.writeETFBinary(bytes)
        case .list, .tuple, .map:
            guard room > 0 else {
                throw ETFError(.tooDeep, at: buffer.writerIndex, limit: ETFLimits.deepest)
            }
            try writeContainer(into: &buffer, style, room: room - 1)
        }
    }

    private func writeContainer(into buffer: inout ByteBuffer, _ style: ETFStyle, room: Int) throws(ETFError) {
        switch self {
        case .list(let elements):
            if !elements.isEmpty { buffer.writeETFList(count: elements.count) }
            for element in elements { try element.write(into: &buffer, style, room: room) }
            buffer.writeETFListEnd()
        case .tuple(let elements):
            buffer.writeETFTuple(count: elements.count)
            for element in elements { try element.write(into: &buffer, style, room: room) }
        case .map(let pairs):
            buffer.writeETFMap(count: pairs.count)
            for pair in pairs {
                try pair.key.write(into: &buffer, style, room: room)
                try pair.value.write(into: &buffer, style, room: room)
            }
        case .atom, .integer, .double, .binary: break
        }
    }
}
