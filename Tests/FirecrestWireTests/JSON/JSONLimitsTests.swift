// Firecrest — the limits of the JSON reader, each reached and each exceeded by one
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestWire

@Suite("JSON limits")
struct JSONLimitsTests {
    @Test("default to 128 levels and 1,024 bytes per number; depth is clamped to 0 ... 1,024")
    func defaults() {
        var limits = JSONLimits()
        #expect(limits.maxDepth == 128)
        #expect(limits.maxNumberBytes == 1_024)
        limits.maxDepth = 5_000
        #expect(limits.maxDepth == 1_024)
        limits.maxDepth = .min
        #expect(limits.maxDepth == 0)
        #expect(JSONLimits(maxDepth: .max).maxDepth == 1_024)
    }

    @Test("depth counts what is open at the same time", arguments: [0, 1, 2, 63, 64, 65, 127, 128, 129, 1_023, 1_024])
    func depth(_ depth: Int) {
        let limits = JSONLimits(maxDepth: depth)
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + "1" + String(repeating: "]", count: levels)
        }
        #expect(refusal(of: nested(depth), limits: limits) == nil)
        #expect(
            validationError(of: Array(nested(depth + 1).utf8), limits: limits)
                == JSONError(.tooDeep, at: depth, limit: depth))
    }

    @Test("100,000 levels are refused at the limit, arrays, objects and both", arguments: ["[", "{\"a\":", "[{\"a\":"])
    func bomb(_ opening: String) {
        let bytes = Array(String(repeating: opening, count: 100_000).utf8)
        #expect(refusal(of: bytes) == .tooDeep)
        #expect(refusal(of: bytes, limits: JSONLimits(maxDepth: .max)) == .tooDeep)
    }

    @Test("100,000 siblings are not deep")
    func siblings() {
        #expect(
            refusal(of: "[" + String(repeating: "[],{},", count: 100_000) + "1]", limits: JSONLimits(maxDepth: 2))
                == nil)
    }

    @Test("each level remembers whether it is an array or an object, down to the deepest")
    func kinds() {
        var generator = SeededGenerator(seed: 21)
        for depth in [1, 2, 63, 64, 65, 66, 128, 129, 192, 500, 1_024] {
            let isObject = (0..<depth).map { _ in Bool.random(using: &generator) }
            let opening = isObject.map { $0 ? "{\"k\":" : "[" }.joined() + "0"
            let closing = isObject.reversed().map { $0 ? "}" : "]" }
            let limits = JSONLimits(maxDepth: depth)
            #expect(refusal(of: opening + closing.joined(), limits: limits) == nil)
            for level in 0..<depth {
                var wrong = closing
                wrong[level] = wrong[level] == "}" ? "]" : "}"
                #expect(refusal(of: opening + wrong.joined(), limits: limits) == .unexpectedByte)
            }
        }
    }

    @Test("a number has at most maxNumberBytes, sign, fraction and exponent included")
    func numberBytes() {
        let limits = JSONLimits(maxNumberBytes: 6)
        for text in ["123456", "-12345", "1.2345", "-1.2e3"] {
            #expect(refusal(of: "[\(text)]", limits: limits) == nil)
            #expect(
                validationError(of: Array("[\(text)0]".utf8), limits: limits)
                    == JSONError(.numberTooLong, at: 1, limit: 6))
        }
        #expect(refusal(of: "1", limits: JSONLimits(maxNumberBytes: 0)) == .numberTooLong)
    }

    @Test(
        "numbers of 10^6 digits are refused, wherever the digits are",
        arguments: ["", "-", "0.", "1e", "1e-", "1e+", "0e"])
    func millionDigits(_ prefix: String) {
        let bytes = Array((prefix + String(repeating: "7", count: 1_000_000)).utf8)
        #expect(refusal(of: bytes) == .numberTooLong)
    }

    @Test(
        "a number that no Double can hold is refused",
        arguments: [
            "1e400", "-1e400", "1e309", "1.8e308", "17976931348623159e292", "0.001e400", "1e99999999999999999999",
            "1E+400",
        ])
    func magnitude(_ text: String) {
        #expect(refusal(of: text) == .numberOutOfRange)
        #expect(validationError(of: Array("[0,\(text)]".utf8)) == JSONError(.numberOutOfRange, at: 3))
    }

    @Test("the largest Double is accepted and the next decimal that rounds to infinity is not")
    func largest() {
        // 2^1024 − 2^970 is half way between the largest Double and 2^1024; a tie goes to the even one, infinity.
        #expect(refusal(of: "1.7976931348623157e308") == nil)
        #expect(refusal(of: "1.7976931348623158e308") == nil)
        #expect(refusal(of: "1.7976931348623159e308") == .numberOutOfRange)
        #expect(refusal(of: "0.000179769313486231580793e312") == nil)
        #expect(refusal(of: "179769313486231580794e288") == .numberOutOfRange)
        #expect(refusal(of: String(repeating: "9", count: 308)) == nil)
        #expect(refusal(of: "1" + String(repeating: "0", count: 308)) == nil)
        #expect(refusal(of: String(repeating: "9", count: 309)) == .numberOutOfRange)
        #expect(refusal(of: "0." + String(repeating: "0", count: 400) + "1e700") == nil)
        #expect(refusal(of: "0." + String(repeating: "0", count: 400) + "1e709") == nil)
        #expect(refusal(of: "0." + String(repeating: "0", count: 400) + "1e710") == .numberOutOfRange)
    }

    @Test("near the limit a number is finite exactly when the standard library says so")
    func magnitudeAgrees() {
        var generator = SeededGenerator(seed: 308)
        var disagreements: [String] = []
        for _ in 0..<20_000 {
            let digits =
                String(
                    "179769313486231580793728971405303415079934132710037".prefix(
                        Int.random(in: 0...40, using: &generator)))
                + String(UInt64.random(in: 0...999, using: &generator))
            let point = Int.random(in: 0...digits.count, using: &generator)
            let zeros = String(repeating: "0", count: Int.random(in: 0...3, using: &generator))
            let integer = digits.prefix(point).drop { $0 == "0" }
            let fraction = zeros + digits.dropFirst(point)
            let exponent = 308 - point + Int.random(in: 0...5, using: &generator)
            let text = "\(integer.isEmpty ? "0" : integer).\(fraction)0e\(exponent)"
            let isFinite = Double(text)?.isFinite ?? false
            if refusal(of: text) != (isFinite ? nil : .numberOutOfRange) { disagreements.append(text) }
        }
        #expect(disagreements.isEmpty)
    }
}
