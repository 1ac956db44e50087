// Firecrest — what of the external term format is refused
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestWire

@Suite("ETF refusals")
struct ETFRefusalTests {
    @Test(
        "each with its own reason",
        arguments: [
            ("", ETFError.Code.unexpectedEnd), ("82 6a", .noVersion), ("83", .unexpectedEnd),
            ("83 6a 6a", .trailingBytes), ("83 61", .unexpectedEnd), ("83 62 000001", .unexpectedEnd),
            ("83 46 3ff80000000000", .unexpectedEnd), ("83 6d 00000005 6162", .unexpectedEnd),
            ("83 6d ffffffff 6162", .unexpectedEnd), ("83 6e 04 00 000000", .unexpectedEnd),
            ("83 6e 01 02 05", .unsupportedTag), ("83 6e", .unexpectedEnd),
            // Claims that the bytes cannot meet.
            ("83 6c ffffffff 6a", .countTooLarge), ("83 6c 00000002 6a", .countTooLarge),
            ("83 6c 00000002 6a6a", .countTooLarge), ("83 6c 00000002 616161", .unexpectedEnd),
            ("83 74 ffffffff", .countTooLarge), ("83 74 00000002 6a6a6a", .countTooLarge),
            ("83 68 ff", .countTooLarge), ("83 69 ffffffff", .tupleTooLarge),
            // Lists whose end is no empty list.
            ("83 6c 00000001 6101 6102", .improperList), ("83 6c 00000001 6101 6c00000001 6102 6a", .improperList),
            // Numbers that are none.
            ("83 46 7ff0000000000000", .badFloat), ("83 46 fff0000000000000", .badFloat),
            ("83 46 7ff8000000000000", .badFloat), ("83 46 7ff0000000000001", .badFloat),
            // Kinds that are never read: compressed, bit string, reference, port, process, function, export …
            ("83 50 00000001 00", .compressed), ("83 4d 00000001 01 80", .unsupportedTag),
            ("83 65 6a 00000000 00", .unsupportedTag), ("83 66 6a 00000000 00", .unsupportedTag),
            ("83 67 6a 00000000 00000000 00", .unsupportedTag), ("83 70 00000001", .unsupportedTag),
            ("83 71 6a 6a 6100", .unsupportedTag), ("83 72 0001 6a 00 00000000", .unsupportedTag),
            ("83 75 00000000", .unsupportedTag), ("83 5a 0001", .unsupportedTag), ("83 58 6a", .unsupportedTag),
            ("83 59 6a", .unsupportedTag), ("83 78 6a", .unsupportedTag), ("83 52 00", .unsupportedTag),
            ("83 83 6a", .unsupportedTag), ("83 00", .unsupportedTag), ("83 79 00", .unsupportedTag),
            // Atoms.
            ("83 77 03 666f6f", .unknownAtom), ("83 73 00", .unknownAtom), ("83 64 0100 00", .atomTooLong),
            ("83 77 09 756e646566696e6562", .unknownAtom), ("83 64 ffff 00", .atomTooLong),
            // Keys.
            ("83 74 00000001 6a 6a", .badKey), ("83 74 00000001 6800 6a", .badKey),
            ("83 74 00000001 6d00000001ff 6a", .invalidUTF8),
            ("83 74 00000002 6d0000000161 6101 6d0000000161 6102", .duplicateKey),
            ("83 74 00000002 6101 6101 6200000001 6102", .duplicateKey),
            ("83 74 00000002 73036e696c 6101 77036e696c 6102", .duplicateKey),
        ])
    func refused(_ hexText: String, _ code: ETFError.Code) {
        #expect(termRefusal(of: hexText) == code)
    }

    @Test("the same key in maps within one another is no duplicate")
    func nestedKeys() {
        #expect(termRefusal(of: "83 74 00000002 6101 74 00000001 6101 6101 6102 6101") == nil)
        #expect(termRefusal(of: "83 74 00000002 6102 74 00000002 6101 6101 6102 6a 6101 6101") == nil)
        #expect(termRefusal(of: "83 74 00000002 6101 74 00000002 6101 6101 6102 6a 6101 6101") == .duplicateKey)
    }

    @Test("a duplicate among many keys is found, without comparing all with all")
    func manyKeys() throws {
        var pairs = (0..<50_000).map { ETFTerm.Pair(.string("k\($0)"), .integer(1)) }
        #expect(termRefusal(of: hex(try ETFTerm.map(pairs).encoded())) == nil)
        pairs.append(.init(.string("k17"), .integer(1)))
        #expect(termRefusal(of: hex(try ETFTerm.map(pairs).encoded())) == .duplicateKey)
    }

    @Test("nesting up to the limit, and no further", arguments: [1, 7, 8, 9, 10, 128, 1_024])
    func depth(_ depth: Int) throws {
        var term = ETFTerm.list([])
        for level in 1..<max(depth, 2) where depth > 1 {
            term = level % 2 == 0 ? .list([term]) : .map([.init(.integer(1), term)])
        }
        let bytes = try term.encoded()
        #expect(try ETFTerm(decoding: bytes, limits: ETFLimits(maxDepth: depth)) == term)
        #expect(termRefusal(of: hex(bytes), limits: ETFLimits(maxDepth: depth - 1)) == .tooDeep)
    }

    @Test("10,000 lists in one another: refused at the limit, no deeper stack")
    func deepNesting() {
        let term = "83" + String(repeating: "6c00000001", count: 10_000) + String(repeating: "6a", count: 10_001)
        #expect(termRefusal(of: term) == .tooDeep)
        #expect(termRefusal(of: term, limits: ETFLimits(maxDepth: .max)) == .tooDeep)
    }

    @Test("limits on bytes, parts, tuples and atoms are reached and hold")
    func limits() {
        #expect(termRefusal(of: "83 6101", limits: ETFLimits(maxBytes: 2)) == .tooLarge)
        #expect(termRefusal(of: "83 6101", limits: ETFLimits(maxBytes: 3)) == nil)
        let list = "83 6c 00000003 6101 6101 6101 6a"
        #expect(termRefusal(of: list, limits: ETFLimits(maxItems: 4)) == nil)
        #expect(termRefusal(of: list, limits: ETFLimits(maxItems: 3)) == .tooManyItems)
        #expect(termRefusal(of: "83 6b 0003 010203", limits: ETFLimits(maxItems: 3)) == .tooManyItems)
        #expect(termRefusal(of: "83 6b 0003 010203", limits: ETFLimits(maxItems: 4)) == nil)
        #expect(termRefusal(of: "83 68 02 6a6a", limits: ETFLimits(maxTupleArity: 1)) == .tupleTooLarge)
        #expect(termRefusal(of: "83 77 04 74727565", limits: ETFLimits(maxAtomBytes: 3)) == .atomTooLong)
    }

    @Test("every refusal is a sentence that says where")
    func sentences() {
        for code in ETFError.Code.allCases {
            let text = ETFError(code, at: 7, limit: 3).description
            #expect(text.hasSuffix(" at byte 7."))
            #expect(text.utf8.count <= 123)
        }
    }
}
