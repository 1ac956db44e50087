// Firecrest — the step over a whole array or object, without recursion
// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// Skips the array or object that starts at `start` and everything in it.
    ///
    /// Which kind is open at each level is one bit: the 64 innermost levels are in a register, the others in an array
    /// of a fixed size on the stack. So 100,000 levels of `[` cost as much as the limit allows, and no memory.
    func skipContainer(from start: Int, depth: Int, limits: JSONLimits) throws(JSONError) -> Int {
        var levels = JSONLevels()
        var room = limits.maxDepth - depth
        var index = start
        // Each turn starts at a value.
        while true {
            let byte = byteOrZero(at: index)
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                guard room > 0 else { throw JSONError(.tooDeep, at: index, limit: limits.maxDepth) }
                room -= 1
                let isObject = byte == UInt8(ascii: "{")
                levels.push(isObject)
                index = skipWhitespace(from: index + 1)
                if byteOrZero(at: index) != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { index = try skipKey(from: index) }
                    continue
                }
                // An empty one ends below, like one whose last value was just skipped.
            } else {
                index = skipWhitespace(from: try skipScalar(from: index, limits: limits))
            }
            // After a value: the ends of any number of containers, then a comma or the end of it all.
            while true {
                let byte = byteOrZero(at: index)
                if byte == UInt8(ascii: ",") {
                    index = skipWhitespace(from: index + 1)
                    if levels.top { index = try skipKey(from: index) }
                    break
                }
                guard byte == (levels.top ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw unexpected(at: index) }
                index += 1
                levels.pop()
                if levels.isEmpty { return index }
                room += 1
                index = skipWhitespace(from: index)
            }
        }
    }

    /// Skips a key, its colon and the whitespace up to the value (RFC 8259 §4).
    @inline(__always)
    func skipKey(from start: Int) throws(JSONError) -> Int {
        guard byteOrZero(at: start) == UInt8(ascii: "\"") else { throw unexpected(at: start) }
        let colon = skipWhitespace(from: try skipString(from: start))
        guard byteOrZero(at: colon) == UInt8(ascii: ":") else { throw unexpected(at: colon) }
        return skipWhitespace(from: colon + 1)
    }
}

/// A stack of one bit per level, `true` for an object, for up to ``JSONLimits/deepest`` levels.
private struct JSONLevels {
    private var innermost: UInt64 = 0
    private var outer = InlineArray<16, UInt64>(repeating: 0)
    private var count = 0

    var isEmpty: Bool { count == 0 }

    /// Whether the innermost level is an object; `false` when there is none.
    var top: Bool { innermost & 1 == 1 }

    @inline(__always)
    mutating func push(_ isObject: Bool) {
        // Every 64 levels the register is full. The index is below 16, as the limit on depth is clamped to 16 × 64.
        if count % 64 == 0, count > 0 { outer[count / 64] = innermost }
        innermost = innermost << 1 | (isObject ? 1 : 0)
        count += 1
    }

    @inline(__always)
    mutating func pop() {
        guard count > 0 else { return }
        count -= 1
        innermost >>= 1
        if count % 64 == 0, count > 0 { innermost = outer[count / 64] }
    }
}
