// Firecrest — JSON values and Erlang's terms, one as the other
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire

extension JSON {
    /// What a term means in JSON: tuples are arrays, atoms other than `nil`, `null`, `undefined`, `true` and `false` are
    /// strings, and so are the keys of maps; of keys with the same text the last wins. An integer beyond 64 bits with its
    /// sign is a number.
    ///
    /// Recursion, as deep as the term; what was decoded is at most 1,024 deep.
    ///
    /// - Throws: ``ETFError``: `invalidUTF8` for a binary that is no text, `badKey` for a list, tuple or map as a key,
    ///   `badFloat` for a number that is not finite.
    package init(_ term: ETFTerm) throws(ETFError) {
        switch term {
        case .atom("nil"), .atom("null"), .atom("undefined"): self = .null
        case .atom("true"): self = .bool(true)
        case .atom("false"): self = .bool(false)
        case .atom(let text): self = .string(text)
        case .integer(let value): self = Int64(exactly: value).map { .integer($0) } ?? .number(Double(value))
        case .double(let value):
            guard value.isFinite else { throw ETFError(.badFloat, at: 0) }
            self = .number(value)
        case .binary:
            guard let text = term.stringValue else { throw ETFError(.invalidUTF8, at: 0) }
            self = .string(text)
        case .list(let elements), .tuple(let elements):
            var array: [JSON] = []
            array.reserveCapacity(elements.count)
            for element in elements { array.append(try JSON(element)) }
            self = .array(array)
        case .map(let pairs):
            var members: [String: JSON] = [:]
            for pair in pairs { members[try Self.name(pair.key)] = try JSON(pair.value) }
            self = .object(members)
        }
    }

    private static func name(_ key: ETFTerm) throws(ETFError) -> String {
        switch key {
        case .atom(let text): return text
        case .integer(let value): return String(value)
        case .double(let value):
            // As the transcoder writes it.
            guard let integer = Int64(exactly: value), integer.magnitude <= 1 << 53, integer != 0 || value.sign == .plus
            else { return value.description }
            return String(integer)
        case .binary:
            guard let text = key.stringValue else { throw ETFError(.invalidUTF8, at: 0) }
            return text
        case .list, .tuple, .map: throw ETFError(.badKey, at: 0)
        }
    }
}

extension ETFTerm {
    /// A JSON value as a term: `nil` for null, binaries for strings and keys. Members are in the order in which Erlang sorts
    /// their keys, so that of one value there is one form.
    ///
    /// - Parameter depth: of the value, at most; nil beyond.
    package init?(_ json: JSON, depth: Int) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(Int128(value))
        case .number(let value): self = .double(value)
        case .string(let text): self = .string(text)
        case .array(let elements):
            guard depth > 0 else { return nil }
            var terms: [ETFTerm] = []
            for element in elements {
                guard let term = ETFTerm(element, depth: depth - 1) else { return nil }
                terms.append(term)
            }
            self = .list(terms)
        case .object(let members):
            guard depth > 0 else { return nil }
            var pairs: [Pair] = []
            for (key, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                guard let term = ETFTerm(value, depth: depth - 1) else { return nil }
                pairs.append(Pair(.string(key), term))
            }
            self = .map(pairs)
        }
    }
}
