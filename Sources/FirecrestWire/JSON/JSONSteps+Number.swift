// Firecrest — the step over a number, and whether a Double can hold it
// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// Skips the number that starts at `start` (RFC 8259 §6).
    func skipNumber(from start: Int, limits: JSONLimits) throws(JSONError) -> Int {
        var index = start
        if byteOrZero(at: index) == UInt8(ascii: "-") { index += 1 }
        let integer = index
        index = skipDigits(from: index)
        let integerDigits = index - integer
        guard integerDigits > 0 else { throw badNumber(at: index) }
        guard integerDigits == 1 || self[integer] != UInt8(ascii: "0") else { throw JSONError(.badNumber, at: integer) }

        if byteOrZero(at: index) == UInt8(ascii: ".") {
            let fraction = index + 1
            index = skipDigits(from: fraction)
            guard index > fraction else { throw badNumber(at: index) }
        }
        var exponent = 0
        if byteOrZero(at: index) | 0x20 == UInt8(ascii: "e") {
            index = try skipExponent(from: index + 1, into: &exponent)
        }
        guard index - start <= limits.maxNumberBytes else {
            throw JSONError(.numberTooLong, at: start, limit: limits.maxNumberBytes)
        }
        // Nothing below 1e308 can be too large, and that is nearly everything: only the rest is looked at closely.
        if integerDigits + exponent > 308, !isFinite(start..<index, power: integerDigits + exponent - 1) {
            throw JSONError(.numberOutOfRange, at: start)
        }
        return index
    }

    @inline(__always)
    private func skipDigits(from start: Int) -> Int {
        var index = start
        while index < count, self[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        return index
    }

    /// Skips what follows the `e`. A magnitude that no length limit could make up for is capped, not computed.
    private func skipExponent(from start: Int, into exponent: inout Int) throws(JSONError) -> Int {
        let sign = byteOrZero(at: start)
        let isNegative = sign == UInt8(ascii: "-")
        let digits = isNegative || sign == UInt8(ascii: "+") ? start + 1 : start
        let end = skipDigits(from: digits)
        guard end > digits else { throw badNumber(at: end) }
        for index in digits..<end where exponent < 1_000_000_000_000 {
            exponent = exponent * 10 + Int(self[index] - UInt8(ascii: "0"))
        }
        if isNegative { exponent = -exponent }
        return end
    }

    /// Whether the number in `range`, which is well formed and within the length limit, is finite as a `Double`.
    ///
    /// The limit is 2¹⁰²⁴ − 2⁹⁷⁰ = 1.79769313486231580793…e308, half way from the largest `Double` to the next step.
    /// 17 digits decide, but for those of the limit itself: these are left to the conversion that will also read the
    /// number later, so that the two cannot disagree. It is slow, and would be a way to keep the server busy.
    ///
    /// - Parameter power: The power of ten of the first digit.
    @inline(never)
    private func isFinite(_ range: Range<Int>, power: Int) -> Bool {
        var power = power
        var leading: UInt64 = 0
        var missing = 17
        for index in range {
            let byte = self[index]
            if byte | 0x20 == UInt8(ascii: "e") || missing == 0 { break }
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { continue }  // the sign or the point
            if leading == 0 {
                guard digit > 0 || power < 308 else {
                    power -= 1
                    continue
                }
                guard power == 308 else { return power < 308 }
            }
            leading = leading * 10 + UInt64(digit)
            missing -= 1
        }
        guard leading > 0 else { return true }
        for _ in 0..<missing { leading *= 10 }
        guard leading == 17_976_931_348_623_158 else { return leading < 17_976_931_348_623_158 }
        guard let text = try? UTF8Span(validating: extracting(range)) else { return false }
        return Double(String(copying: text))?.isFinite ?? false
    }

    private func badNumber(at index: Int) -> JSONError {
        JSONError(index < count ? .badNumber : .unexpectedEnd, at: index)
    }
}
