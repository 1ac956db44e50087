// Firecrest — JSON strings and numbers as bytes
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestWire

@Suite("JSON writer")
struct ByteBufferJSONTests {
    static func written(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSONString(text)
        return String(buffer: buffer)
    }

    @Test(
        "escapes what must be and nothing else (RFC 8259 §7)",
        arguments: [
            ("", #""""#), ("a", #""a""#), ("a\"b", #""a\"b""#), ("\\", #""\\""#),
            ("\n\r\t\u{8}\u{C}", #""\n\r\t\b\f""#),
            ("\u{0}\u{1}\u{F}\u{10}\u{1A}\u{1F}", #""\u0000\u0001\u000f\u0010\u001a\u001f""#), ("/", #""/""#),
            ("é😀\u{7F}", "\"é😀\u{7F}\""), ("\u{2028}\u{2029}", "\"\u{2028}\u{2029}\""),
            ("12345678\"", #""12345678\"""#),
            ("\"12345678", #""\"12345678""#), ("'<>&", #""'<>&""#),
        ])
    func strings(_ text: String, _ literal: String) {
        #expect(Self.written(text) == literal)
    }

    @Test("appends to what is there")
    func appends() {
        var buffer = ByteBuffer(string: "[")
        buffer.writeJSONString("")
        buffer.writeJSONString("a\n")
        buffer.writeJSONInteger(7)
        #expect(String(buffer: buffer) == ##"["""a\n"7"##)
    }

    @Test("a written string is valid and decodes to the same bytes")
    func roundTrip() {
        var generator = SeededGenerator(seed: 7)
        var failures: [String] = []
        for _ in 0..<5_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<40, using: &generator) {
                let ceiling: UInt32 = [0x30, 0x80, 0x800, 0x110000].randomElement(using: &generator) ?? 0x80
                text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0..<ceiling, using: &generator)) ?? " ")
            }
            let literal = Array(Self.written(text).utf8)
            if validationError(of: literal) != nil || decodedUTF8(literal) != Array(text.utf8) {
                failures.append(text)
            }
        }
        #expect(failures.isEmpty)
    }

    @Test("writes integers of any width exactly")
    func integers() {
        var buffer = ByteBuffer()
        buffer.writeJSONInteger(Int64.min)
        buffer.writeJSONInteger(0)
        buffer.writeJSONInteger(UInt64.max)
        buffer.writeJSONInteger(UInt8(9))
        #expect(String(buffer: buffer) == "-92233720368547758080184467440737095516159")
    }

    @Test(
        "writes the shortest decimal that reads back as the same Double",
        arguments: [
            0, -0.0, 1, 5, 0.1, -2.5, 1e20, 1e-7, 123456789.125, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
            1e16,
        ])
    func doubles(_ value: Double) throws {
        var buffer = ByteBuffer()
        try buffer.writeJSONDouble(value)
        let text = String(buffer: buffer)
        #expect(refusal(of: text) == nil)
        #expect(Double(text)?.bitPattern == value.bitPattern)
    }

    @Test(
        "refuses what JSON has no form for and writes nothing",
        arguments: [Double.nan, .infinity, -.infinity, .signalingNaN])
    func notFinite(_ value: Double) {
        var buffer = ByteBuffer(string: "[")
        #expect(throws: JSONError(.numberOutOfRange, at: 1)) { try buffer.writeJSONDouble(value) }
        #expect(String(buffer: buffer) == "[")
    }
}
