// Firecrest — JSON values to bytes
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore

extension JSON {
    /// Writes the value as JSON without whitespace, members sorted by key.
    ///
    /// A dictionary of Swift has another order in every process; sorted, equal values have equal bytes, which tests,
    /// caches and compression like.
    ///
    /// - Throws: ``JSONError``: `numberOutOfRange` for NaN or an infinity, `tooDeep` for what a reader with the same
    ///   `limits` would refuse. The buffer is then as it was.
    package func write(into buffer: inout ByteBuffer, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let start = buffer.writerIndex
        do {
            // Recursion, bounded: room is 1,024 at most.
            try write(into: &buffer, room: limits.maxDepth, limits)
        } catch {
            buffer.moveWriterIndex(to: start)
            throw error
        }
    }

    private func write(into buffer: inout ByteBuffer, room: Int, _ limits: JSONLimits) throws(JSONError) {
        switch self {
        case .null: buffer.writeStaticString("null")
        case .bool(let value): buffer.writeStaticString(value ? "true" : "false")
        case .integer(let value): buffer.writeJSONInteger(value)
        case .number(let value): try buffer.writeJSONDouble(value)
        case .string(let value): buffer.writeJSONString(value)
        case .array(let elements):
            guard room > 0 else { throw JSONError(.tooDeep, at: buffer.writerIndex, limit: limits.maxDepth) }
            var separator = UInt8(ascii: "[")
            if elements.isEmpty { buffer.writeInteger(separator) }
            for element in elements {
                buffer.writeInteger(separator)
                try element.write(into: &buffer, room: room - 1, limits)
                separator = UInt8(ascii: ",")
            }
            buffer.writeInteger(UInt8(ascii: "]"))
        case .object(let members):
            guard room > 0 else { throw JSONError(.tooDeep, at: buffer.writerIndex, limit: limits.maxDepth) }
            var separator = UInt8(ascii: "{")
            if members.isEmpty { buffer.writeInteger(separator) }
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                buffer.writeInteger(separator)
                buffer.writeJSONString(key)
                buffer.writeInteger(UInt8(ascii: ":"))
                try value.write(into: &buffer, room: room - 1, limits)
                separator = UInt8(ascii: ",")
            }
            buffer.writeInteger(UInt8(ascii: "}"))
        }
    }
}
