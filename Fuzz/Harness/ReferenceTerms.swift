// Firecrest — a second reading of Erlang's external term format: a recursive descent that only says yes or no.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire

/// Written after section 10 of the protocol notes, and not after the reader that it is compared with. For short inputs: it
/// recurses, and copies as it likes.
struct ReferenceTerm {
    private let bytes: [UInt8]
    private let limits: ETFLimits
    private var index = 0
    private var items = 0

    private struct Refused: Error {}

    init(_ bytes: [UInt8], _ limits: ETFLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func isValid() -> Bool {
        do {
            guard bytes.count <= limits.maxBytes, try number(1) == 131 else { return false }
            _ = try term(depth: 0)
            return index == bytes.count
        } catch {
            return false
        }
    }

    /// - Returns: what tells it from other keys; nil for a list, tuple or map.
    private mutating func term(depth: Int) throws -> String? {
        try count(1)
        let tag = try number(1)
        switch tag {
        case 97: return "i\(try number(1))"
        case 98: return "i\(Int32(truncatingIfNeeded: try number(4)))"
        case 110, 111: return try big(sizeBytes: tag == 110 ? 1 : 4)
        case 70:
            let value = Double(bitPattern: UInt64(try number(4)) << 32 | UInt64(try number(4)))
            guard value.isFinite else { throw Refused() }
            return "d\(value == 0 ? 0 : value)"
        case 99:
            let text = try take(31)
            let digits = text.prefix { $0 != 0 }
            guard text.dropFirst(digits.count).allSatisfy({ $0 == 0 }),
                digits.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
                let value = Double(String(decoding: digits, as: UTF8.self)), value.isFinite
            else { throw Refused() }
            return "d\(value == 0 ? 0 : value)"
        case 100, 118: return try atom(length: try number(2), isUTF8: tag == 118)
        case 115, 119: return try atom(length: try number(1), isUTF8: tag == 119)
        case 109:
            let data = try take(try number(4))
            return "b\(data)"
        case 106:
            try enter(depth)
            return nil
        case 107:
            try enter(depth)
            try count(try take(try number(2)).count)
            return nil
        case 104, 105:
            let arity = try number(tag == 104 ? 1 : 4)
            guard arity <= limits.maxTupleArity else { throw Refused() }
            try enter(depth)
            for _ in 0..<arity { _ = try term(depth: depth + 1) }
            return nil
        case 108:
            let length = try number(4)
            try enter(depth)
            for _ in 0..<length { _ = try term(depth: depth + 1) }
            guard try number(1) == 106 else { throw Refused() }
            return nil
        case 116:
            let pairs = try number(4)
            try enter(depth)
            var keys: Set<String> = []
            for _ in 0..<pairs {
                let start = index
                let key = try term(depth: depth + 1)
                if limits.keys == .text {
                    guard let key, keys.insert(key).inserted else { throw Refused() }
                    if bytes[start] == 109,
                        String(validating: bytes[start + 5..<index], as: UTF8.self) == nil
                    {
                        throw Refused()
                    }
                }
                _ = try term(depth: depth + 1)
            }
            return nil
        default: throw Refused()
        }
    }

    private mutating func big(sizeBytes: Int) throws -> String {
        let digits = try number(sizeBytes)
        guard digits <= 8 else { throw Refused() }
        let sign = try number(1)
        guard sign <= 1 else { throw Refused() }
        let magnitude = try take(digits).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        return sign == 1 && magnitude > 0 ? "i-\(magnitude)" : "i\(magnitude)"
    }

    private mutating func atom(length: Int, isUTF8: Bool) throws -> String {
        guard length <= limits.maxAtomBytes else { throw Refused() }
        let data = try take(length)
        let known = ["nil", "null", "undefined", "true", "false"].contains { Array($0.utf8) == Array(data) }
        guard known || limits.atoms == .text else { throw Refused() }
        if !isUTF8 { return "a\(data.map { UInt32($0) })" }
        guard let text = String(validating: data, as: UTF8.self) else { throw Refused() }
        return "a\(text.unicodeScalars.map(\.value))"
    }

    private func enter(_ depth: Int) throws {
        guard depth < limits.maxDepth else { throw Refused() }
    }

    private mutating func count(_ more: Int) throws {
        items += more
        guard items <= limits.maxItems else { throw Refused() }
    }

    private mutating func number(_ width: Int) throws -> Int {
        try take(width).reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func take(_ length: Int) throws -> ArraySlice<UInt8> {
        guard length <= bytes.count - index else { throw Refused() }
        index += length
        return bytes[index - length..<index]
    }
}
