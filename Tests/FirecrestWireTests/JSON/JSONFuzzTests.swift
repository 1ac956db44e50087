// Firecrest — random bytes against a second, slower reading of the grammar
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestWire

@Suite("JSON fuzzing")
struct JSONFuzzTests {
    /// Pieces that make random input reach further into the grammar than random bytes would.
    static let pieces: [[UInt8]] =
        [
            "[", "]", "{", "}", ",", ":", "\"", "\\", "\"a\"", "\"ref\":", "\"topic\":", "1", "0", "-", ".", "e", "+",
            "12.5e3",
            "true", "false", "null", " ", "\n", "\\u", "\\ud83d\\ude00", "\\n", "d800", "é", "\u{1}", "\u{0}", "1e309",
            "abcdefgh",
        ].map { Array($0.utf8) } + [[0xFF], [0x80]]

    static func random(_ generator: inout SeededGenerator) -> [UInt8] {
        if UInt8.random(in: 0..<4, using: &generator) == 0 {
            return (0..<Int.random(in: 0..<48, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
        }
        return (0..<Int.random(in: 0..<16, using: &generator)).flatMap { _ in
            pieces.randomElement(using: &generator) ?? []
        }
    }

    static func mutated(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0..<3, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch UInt8.random(in: 0..<3, using: &generator) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
            default: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
        }
        return bytes
    }

    static let limits = JSONLimits(maxDepth: 4, maxNumberBytes: 12)

    static let messages = [
        #"["1","5","room:lobby","new_msg",{"d":"x\n","n":[1,-2.5e3,true,null]}]"#,
        #"{"topic":"room:1","event":"e","payload":{"a":[{}]},"ref":"1","join_ref":null}"#,
        #"[null, 1 , "\u0041" ,"e", [ [ ] , { "k" : "\ud83d\ude00" } ], 6]"#,
    ].map { Array($0.utf8) }

    @Test("100,000 inputs: the validator agrees with the reference, the scanners with the validator, nothing traps")
    func agreement() {
        var generator = SeededGenerator(seed: 0xF17E)
        var disagreements: [[UInt8]] = []
        var valid = 0
        for round in 0..<100_000 {
            let bytes =
                round % 2 == 0
                ? Self.random(&generator) : Self.mutated(Self.messages[round / 2 % Self.messages.count], &generator)
            let isValid = refusal(of: bytes, limits: Self.limits) == nil
            if isValid { valid += 1 }
            var reference = ReferenceJSON(bytes, Self.limits)
            if reference.isValid() != isValid || !Self.scannersAgree(bytes, isValid, reference) {
                disagreements.append(bytes)
            }
            _ = decodedUTF8(bytes)
        }
        #expect(disagreements.isEmpty)
        // Otherwise the test would say nothing.
        #expect(valid > 5_000)
    }

    static func scannersAgree(_ bytes: [UInt8], _ isValid: Bool, _ reference: ReferenceJSON) -> Bool {
        let array = try? EnvelopeScanner.scanArray(bytes.span, limits: limits)
        let object = try? EnvelopeScanner.scanObject(bytes.span, limits: limits)
        guard isValid else { return array == nil && object == nil }
        for envelope in [array, object].compactMap({ $0 }) {
            let parts = [envelope.joinRef, envelope.ref, envelope.topic, envelope.event, envelope.payload].compactMap {
                $0
            }
            // Each part is a value on its own.
            if parts.contains(where: { refusal(of: Array(bytes[$0]), limits: limits) != nil }) { return false }
        }
        return (array != nil) == (reference.topLevelElements.map { $0 >= 5 } ?? false)
            && (object == nil || bytes.contains(UInt8(ascii: "{")))
    }
}
