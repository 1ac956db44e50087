// Firecrest — UTF-8 in whole and in pieces
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import Testing

@Suite("UTF-8 validator")
struct UTF8ValidatorTests {
    /// The index of the first byte at which `bytes` fails, fed one at a time; `nil` if none does.
    static func failure(_ bytes: [UInt8]) -> Int? {
        var validator = UTF8Validator()
        return bytes.indices.first { !validator.consume([bytes[$0]].span) }
    }

    static func isValid(_ bytes: [UInt8]) -> Bool { UTF8Validator.isValid(bytes.span) }

    /// Fed in two pieces: whether that succeeds, and whether it ends on a boundary.
    static func consume(_ bytes: [UInt8], cut: Int = 0) -> (Bool, isComplete: Bool) {
        var validator = UTF8Validator()
        let first = validator.consume(bytes.span.extracting(..<cut))
        return (first && validator.consume(bytes.span.extracting(cut...)), validator.isComplete)
    }

    @Test(arguments: [
        "", "a", "\0", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{FFF}", "\u{1000}", "\u{D7FF}", "\u{E000}",
        "\u{FFFD}", "\u{FFFF}", "\u{10000}", "\u{3FFFF}", "\u{40000}", "\u{FFFFF}", "\u{100000}", "\u{10FFFF}",
        "κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "привет, мир", "日本語のテキスト", "😀🎉👨‍👩‍👧",
    ])
    func valid(text: String) {
        for padding in 0..<40 {
            let bytes = Array(repeating: UInt8(0x61), count: padding) + Array(text.utf8) + Array("z".utf8)
            #expect(Self.isValid(bytes), "after \(padding) bytes of ASCII")
            #expect(Self.failure(bytes) == nil)
        }
    }

    /// Bytes, and the index of the first that cannot be part of UTF-8 (RFC 3629 §4).
    @Test(arguments: [
        ("80", 0), ("BF", 0), ("C0", 0), ("C1 81", 0), ("F5", 0), ("F8", 0), ("FE", 0), ("FF", 0), ("C2 41", 1),
        ("C2 C2", 1), ("E0 80", 1), ("E0 9F BF", 1), ("E1 41", 1), ("E1 80 41", 2), ("E1 80 C0", 2), ("ED A0 80", 1),
        ("ED BF BF", 1), ("EF 80 FF", 2), ("F0 80", 1), ("F0 8F BF BF", 1), ("F1 41", 1), ("F1 80 41", 2),
        ("F1 80 80 41", 3), ("F4 90 80 80", 1), ("F4 8F BF C0", 3), ("CE BA E1 BD B9 CF 83 CE BC CE B5 ED A0 80", 12),
    ])
    func invalid(text: String, index: Int) {
        #expect(Self.failure(hex(text)) == index)
        for padding in 0..<40 {
            let bytes = Array(repeating: UInt8(0x61), count: padding) + hex(text)
            #expect(!Self.isValid(bytes + [0x61, 0x61, 0x61, 0x61]), "after \(padding) bytes")
            #expect(Self.failure(bytes) == padding + index)
        }
    }

    @Test(
        "A text that stops inside a sequence is possible, but not complete",
        arguments: ["C3", "E2 82", "F0 9F 98", "ED", "F4"])
    func incomplete(text: String) {
        #expect(UTF8Validator().isComplete)
        #expect(Self.consume(hex(text)) == (true, false))
        #expect(!Self.isValid(hex(text)))
    }

    @Test("Agrees with the standard library on random bytes, whole and cut in two")
    func againstTheStandardLibrary() {
        var random = SplitMix(state: 20_26)
        let alphabet = Array("aé€😀".utf8) + [0x80, 0xA0, 0xBF, 0xC0, 0xED, 0xE0, 0xF0, 0xF4, 0x90, 0x8F, 0xFF]
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes += Array(repeating: 0x61, count: Int.random(in: 0...20, using: &random))
                case 1:
                    bytes += Array(String(Unicode.Scalar(UInt32.random(in: 0...0x10_FFFF, using: &random)) ?? "x").utf8)
                default: bytes.append(alphabet.randomElement(using: &random) ?? 0)
                }
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            #expect(Self.isValid(bytes) == expected, "\(bytes)")
            let cut = Int.random(in: 0...bytes.count, using: &random)
            #expect((Self.consume(bytes, cut: cut) == (true, true)) == expected, "\(bytes) cut at \(cut)")
        }
    }

    @Test func everyScalar() {
        for value in UInt32(0)...0x10_FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array(String(scalar).utf8) + [0x61, 0x61, 0x61]
            if !Self.isValid(bytes) { Issue.record("U+\(String(value, radix: 16))") }
        }
    }
}
