// Firecrest — what the JSON tests share: texts as bytes, and random bytes that are the same in every run
// SPDX-License-Identifier: Apache-2.0

@testable import FirecrestWire

/// The code of the refusal, or `nil` when the text is valid JSON.
func refusal(of text: String, limits: JSONLimits = JSONLimits()) -> JSONError.Code? {
    refusal(of: Array(text.utf8), limits: limits)
}

func refusal(of bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> JSONError.Code? {
    validationError(of: bytes, limits: limits)?.code
}

func validationError(of bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> JSONError? {
    do throws(JSONError) {
        try JSONValidator.validate(bytes.span, limits: limits)
        return nil
    } catch {
        return error
    }
}

/// The bytes of the decoded text: strings are equal when canonically equivalent, these only when the same.
/// It takes an array as `#expect` cannot hold a span.
func decodedUTF8(_ literal: [UInt8]) -> [UInt8]? { JSONString.decode(literal.span).map { Array($0.utf8) } }

/// SplitMix64: small, good enough, and without state outside of the test.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
