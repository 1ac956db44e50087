// Firecrest — turns a JSON string literal into a String
// SPDX-License-Identifier: Apache-2.0

/// Decodes string literals. The inverse is `ByteBuffer.writeJSONString(_:)`.
package enum JSONString {
    /// The text of a JSON string literal, quotes included, such as a range of an ``Envelope`` holds.
    ///
    /// - Returns: `nil` when the bytes are not one string literal (another value, or anything malformed), or not UTF-8.
    ///   Nothing is assumed about them beyond that, so this may be called on bytes that were never validated.
    package static func decode(_ bytes: Span<UInt8>) -> String? {
        let count = bytes.count
        guard count >= 2, bytes[0] == UInt8(ascii: "\""), bytes[count - 1] == UInt8(ascii: "\"") else { return nil }
        let body = bytes.extracting(1..<count - 1)
        let stop = body.stringStop(from: 0)
        guard stop == body.count else { return unescape(body, firstStop: stop) }
        guard let text = try? UTF8Span(validating: body) else { return nil }
        return String(copying: text)
    }

    /// Decodes a body with at least one byte that does not stand for itself.
    private static func unescape(_ body: Span<UInt8>, firstStop: Int) -> String? {
        var text: [UInt8] = []
        // No escape stands for more bytes than it has itself.
        text.reserveCapacity(body.count)
        var index = 0
        var stop = firstStop
        while true {
            unsafe body.extracting(index..<stop).withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
            guard stop < body.count else { return String(validating: text, as: UTF8.self) }
            guard body[stop] == UInt8(ascii: "\\"), let end = append(escapeAt: stop, of: body, to: &text) else {
                return nil
            }
            index = end
            stop = body.stringStop(from: index)
        }
    }

    /// Appends what the escape at `start` stands for (RFC 8259 §7).
    ///
    /// - Returns: The index after the escape, or `nil` when it is malformed.
    private static func append(escapeAt start: Int, of body: Span<UInt8>, to text: inout [UInt8]) -> Int? {
        switch body.byteOrZero(at: start + 1) {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case let byte where byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "/"):
            text.append(byte)
        case UInt8(ascii: "u"):
            return append(unitsAt: start, of: body, to: &text)
        default:
            return nil
        }
        return start + 2
    }

    private static func append(unitsAt start: Int, of body: Span<UInt8>, to text: inout [UInt8]) -> Int? {
        guard let unit = try? body.hexUnit(at: start + 2) else { return nil }
        if let scalar = Unicode.Scalar(unit) {
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            return start + 6
        }
        guard UTF16.isLeadSurrogate(unit), body.byteOrZero(at: start + 6) == UInt8(ascii: "\\"),
            body.byteOrZero(at: start + 7) == UInt8(ascii: "u"),
            let trail = try? body.hexUnit(at: start + 8), UTF16.isTrailSurrogate(trail)
        else { return nil }
        // RFC 2781 §2.2.
        let value = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(trail & 0x3FF))
        guard let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar) else { return nil }
        text.append(contentsOf: encoded)
        return start + 12
    }
}
