// Firecrest — JSON values from bytes
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore

extension JSON {
    /// Parses the readable bytes of a buffer: one JSON value with whitespace around it or not.
    ///
    /// - Throws: ``JSONError`` when the bytes are no JSON within the limits, or a string in them is no UTF-8.
    package init(parsing buffer: ByteBuffer, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: buffer.readableBytesUInt8Span, limits: limits)
    }

    /// Parses bytes that stay where they are, such as one range of an envelope.
    ///
    /// All of it is validated first, so a refusal costs no allocation. What is then built nests no deeper than
    /// `limits` say, and building does not recurse.
    package init(parsing bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try JSONValidator.validate(bytes, limits: limits)
        var parser = JSONTreeParser()
        self = try parser.parse(bytes)
    }
}

/// Builds a ``JSON`` from bytes that are known to be valid. On others it throws or builds something else, no more.
private struct JSONTreeParser {
    /// An array or object that is not closed yet. Only one of `elements` and `members` is used.
    private struct Level {
        var isObject: Bool
        var elements: [JSON] = []
        var members: [String: JSON] = [:]
        var key = ""
    }

    private var levels: [Level] = []
    private var index = 0

    mutating func parse(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        while index < bytes.count {
            let byte = bytes[index]
            var value: JSON
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                levels.append(Level(isObject: byte == UInt8(ascii: "{")))
                index += 1
                continue
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard let level = levels.popLast() else { throw JSONError(.unexpectedByte, at: index) }
                value = level.isObject ? .object(level.members) : .array(level.elements)
                index += 1
            case UInt8(ascii: "\""):
                let text = try string(bytes)
                // A string is a key when a colon follows, and only then.
                skipWhitespace(bytes)
                if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
                    if let top = levels.indices.last { levels[top].key = text }
                    continue
                }
                value = .string(text)
            case UInt8(ascii: "t"): value = literal(.bool(true), length: 4)
            case UInt8(ascii: "f"): value = literal(.bool(false), length: 5)
            case UInt8(ascii: "n"): value = literal(.null, length: 4)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = try number(bytes)
            default:
                // Whitespace, commas and colons say nothing that the validator has not seen to.
                index += 1
                continue
            }
            guard let top = levels.indices.last else { return value }
            if levels[top].isObject {
                levels[top].members[levels[top].key] = value
            } else {
                levels[top].elements.append(value)
            }
        }
        throw JSONError(.unexpectedEnd, at: index)
    }

    private mutating func literal(_ value: JSON, length: Int) -> JSON {
        index += length
        return value
    }

    private mutating func skipWhitespace(_ bytes: Span<UInt8>) {
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
    }

    private mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        let start = index
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            // The byte after a backslash may be a quote, and is never the end.
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        index = min(index + 1, bytes.count)
        guard let text = JSONString.decode(bytes.extracting(start..<index)) else {
            throw JSONError(.invalidUTF8, at: start)
        }
        return text
    }

    private mutating func number(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        let start = index
        var isInteger = true
        scan: while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isInteger = false
            default: break scan
            }
            index += 1
        }
        guard let utf8 = try? UTF8Span(validating: bytes.extracting(start..<index)) else {
            throw JSONError(.badNumber, at: start)
        }
        let text = String(copying: utf8)
        // An integer of more than 64 bits becomes a number; `-0` becomes 0, as in Phoenix.
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text) else { throw JSONError(.badNumber, at: start) }
        return .number(number)
    }
}
