// Firecrest — writes JSON strings and numbers into a buffer
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ByteBuffer {
    /// Writes a JSON string with its quotes (RFC 8259 §7).
    ///
    /// Only what must be escaped is: `"`, `\` and the controls below U+0020. Everything else, `/` and U+2028 included,
    /// is written as it is: the bytes go to a JSON parser, never into a page's source.
    package mutating func writeJSONString(_ string: String) {
        writeJSONString(string.utf8.span)
    }

    /// The same of text that is there as bytes, which must be UTF-8.
    package mutating func writeJSONString(_ text: ByteBuffer) {
        writeJSONString(text.readableBytesUInt8Span)
    }

    package mutating func writeJSONString(_ text: Span<UInt8>) {
        let stop = text.stringStop(from: 0)
        if stop == text.count {
            writeQuoted(text)
        } else {
            reserveCapacity(minimumWritableBytes: text.count + 2)
            writeInteger(UInt8(ascii: "\""))
            writeEscaped(text, firstStop: stop)
            writeInteger(UInt8(ascii: "\""))
        }
    }

    /// Writes an integer in decimal, of any width, exactly.
    ///
    /// JavaScript reads integers beyond ±(2⁵³ − 1) inexactly (RFC 8259 §6); send those as strings.
    package mutating func writeJSONInteger(_ value: some FixedWidthInteger) {
        writeString(String(value))
    }

    /// Writes the shortest decimal that reads back as the same `Double`; an integral one as `5.0`, a large one as
    /// `1e+20`.
    ///
    /// - Throws: ``JSONError`` `numberOutOfRange` for NaN and the infinities, which JSON cannot express (RFC 8259 §6).
    ///   Nothing is written then.
    package mutating func writeJSONDouble(_ value: Double) throws(JSONError) {
        guard value.isFinite else { throw JSONError(.numberOutOfRange, at: writerIndex) }
        writeString(value.description)
    }

    /// Writes what needs no escapes: one check for room, one copy.
    private mutating func writeQuoted(_ text: Span<UInt8>) {
        let count = text.count
        unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: count + 2) { target in
            // Within bounds: NIO hands over at least the bytes asked for.
            unsafe target[0] = UInt8(ascii: "\"")
            unsafe text.withUnsafeBufferPointer { source in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[1..<count + 1]).copyMemory(from: .init(source))
            }
            unsafe target[count + 1] = UInt8(ascii: "\"")
            return count + 2
        }
    }

    private mutating func writeEscaped(_ text: Span<UInt8>, firstStop: Int) {
        var index = 0
        var stop = firstStop
        while true {
            unsafe writeBytes(text.extracting(index..<stop).bytes)
            guard stop < text.count else { return }
            writeEscape(of: text[stop])
            index = stop + 1
            stop = text.stringStop(from: index)
        }
    }

    private mutating func writeEscape(of byte: UInt8) {
        switch byte {
        case 0x08: writeStaticString("\\b")
        case 0x09: writeStaticString("\\t")
        case 0x0A: writeStaticString("\\n")
        case 0x0C: writeStaticString("\\f")
        case 0x0D: writeStaticString("\\r")
        case UInt8(ascii: "\""): writeStaticString("\\\"")
        case UInt8(ascii: "\\"): writeStaticString("\\\\")
        default:
            // Only a control is left, so the code point has two digits and the first is 0 or 1.
            let digit = byte & 0x0F
            writeStaticString(byte < 0x10 ? "\\u000" : "\\u001")
            writeInteger(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
