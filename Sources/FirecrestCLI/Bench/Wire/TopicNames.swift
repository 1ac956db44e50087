// Firecrest — topics with a number in them.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// `room:%d` stands for room:0, room:1 and so on; a pattern without `%d` for one topic. As JSON writes it, without quotes.
struct TopicNames {
    private let prefix: [UInt8]
    private let suffix: [UInt8]
    let isNumbered: Bool

    init(_ pattern: String) {
        var literal = ByteBuffer()
        literal.writeJSONString(pattern)
        let bytes = Array(literal.readableBytesView.dropFirst().dropLast())
        let mark = bytes.indices.first { bytes[$0...].starts(with: Array("%d".utf8)) }
        prefix = Array(bytes[..<(mark ?? bytes.endIndex)])
        suffix = mark.map { Array(bytes[($0 + 2)...]) } ?? []
        isNumbered = mark != nil
    }

    func write(_ number: Int32, into buffer: inout ByteBuffer) {
        buffer.writeBytes(prefix)
        guard isNumbered else { return }
        buffer.writeDecimal(UInt64(number.magnitude))
        buffer.writeBytes(suffix)
    }

    /// Where the topic `number` ends that stands at `start`; `nil` when another stands there.
    @inline(__always)
    func end(of number: Int32, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard bytes.starts(with: prefix, at: start) else { return nil }
        var index = start + prefix.count
        guard isNumbered else { return index }
        guard let value = bytes.decimal(at: &index), value == UInt64(number.magnitude),
            bytes.starts(with: suffix, at: index)
        else { return nil }
        return index + suffix.count
    }

    func name(_ number: Int32) -> String {
        var literal = ByteBuffer(string: "\"")
        write(number, into: &literal)
        literal.writeString("\"")
        return JSONString.decode(literal.readableBytesUInt8Span) ?? ""
    }
}

extension UnsafeRawBufferPointer {
    /// The decimal number at `index`, which is moved behind it; `nil` when there is none of at most 18 digits.
    @inline(__always)
    func decimal(at index: inout Int) -> UInt64? {
        let start = index
        var value: UInt64 = 0
        while index < count, self[index] &- 0x30 < 10 {
            guard index - start < 18 else { return nil }
            value = value &* 10 &+ UInt64(self[index] &- 0x30)
            index += 1
        }
        // No server writes 007.
        guard index > start, index == start + 1 || self[start] != 0x30 else { return nil }
        return value
    }
}

extension ByteBuffer {
    mutating func writeDecimal(_ value: UInt64) {
        guard value > 9 else {
            writeInteger(UInt8(ascii: "0") + UInt8(value))
            return
        }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var index = 20
        var rest = value
        while rest > 0 {
            index -= 1
            digits[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        while index < 20 {
            writeInteger(digits[index])
            index += 1
        }
    }
}
