// Firecrest — a second implementation of the JSON grammar, as plain as possible, to test the first one against
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire

/// Recursive descent over RFC 8259, one function per rule. Slow, and only for small inputs.
package struct ReferenceJSON {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var index = 0

    /// How many elements the value has, when it is valid and an array.
    package private(set) var topLevelElements: Int?

    package init(_ bytes: [UInt8], _ limits: JSONLimits) {
        (self.bytes, self.limits) = (bytes, limits)
    }

    package mutating func isValid() -> Bool {
        whitespace()
        let valid = value(depth: 0)
        whitespace()
        return valid && index == bytes.count
    }

    private var next: Character? { index < bytes.count ? Character(Unicode.Scalar(bytes[index])) : nil }

    private mutating func take(_ character: Character) -> Bool {
        guard next == character else { return false }
        index += 1
        return true
    }

    private mutating func whitespace() {
        while let next, [" ", "\t", "\n", "\r"].contains(next) { index += 1 }
    }

    private mutating func value(depth: Int) -> Bool {
        switch next {
        case "{": depth < limits.maxDepth && object(depth: depth + 1)
        case "[": depth < limits.maxDepth && array(depth: depth + 1)
        case "\"": string()
        case "t": "true".allSatisfy { take($0) }
        case "f": "false".allSatisfy { take($0) }
        case "n": "null".allSatisfy { take($0) }
        default: number()
        }
    }

    private mutating func array(depth: Int) -> Bool {
        index += 1
        whitespace()
        var elements = 0
        defer { if depth == 1 { topLevelElements = elements } }
        if take("]") { return true }
        while true {
            guard value(depth: depth) else { return false }
            elements += 1
            whitespace()
            if take("]") { return true }
            guard take(",") else { return false }
            whitespace()
        }
    }

    private mutating func object(depth: Int) -> Bool {
        index += 1
        whitespace()
        if take("}") { return true }
        while true {
            guard string() else { return false }
            whitespace()
            guard take(":") else { return false }
            whitespace()
            guard value(depth: depth) else { return false }
            whitespace()
            if take("}") { return true }
            guard take(",") else { return false }
            whitespace()
        }
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        var lead = false
        while let next {
            let start = index
            index += 1
            var unit: UInt16 = 0
            if next == "\"" { return !lead }
            if next == "\\" {
                guard let escape = self.next else { return false }
                index += 1
                if escape == "u" {
                    let digits = bytes[index..<min(index + 4, bytes.count)]
                    guard digits.count == 4,
                        digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }),
                        let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
                    else { return false }
                    unit = value
                    index += 4
                } else if !"\"\\/bfnrt".contains(escape) {
                    return false
                }
            } else if bytes[start] < 0x20 {
                return false
            }
            guard lead == UTF16.isTrailSurrogate(unit) else { return false }
            lead = UTF16.isLeadSurrogate(unit)
        }
        return false
    }

    private mutating func number() -> Bool {
        let start = index
        _ = take("-")
        if !take("0") {
            guard digits() else { return false }
        }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            guard digits() else { return false }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        return text.utf8.count <= limits.maxNumberBytes && (Double(text)?.isFinite ?? false)
    }

    private mutating func digits() -> Bool {
        let start = index
        while let next, next >= "0", next <= "9" { index += 1 }
        return index > start
    }
}
