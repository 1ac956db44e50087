// Firecrest — JSON values in and out of any Codable format
// SPDX-License-Identifier: Apache-2.0

extension JSON: Encodable {
    /// Encodes the value as itself: no case names appear in the output.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .array(let elements): return try elements.encode(to: encoder)
        case .object(let members): return try members.encode(to: encoder)
        case .null, .bool, .integer, .number, .string: break
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .null, .array, .object: try container.encodeNil()
        }
    }
}

extension JSON: Decodable {
    /// Decodes whatever is there.
    ///
    /// Whether `5.0` arrives as an integer or a number is the decoder's choice; Foundation's makes it an integer.
    ///
    /// - Throws: `DecodingError` when the decoder holds something that JSON has no form for, such as a date.
    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.singleValueContainer(), let scalar = Self(scalarIn: container) {
            self = scalar
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [JSON] = []
            while !container.isAtEnd { elements.append(try container.decode(JSON.self)) }
            self = .array(elements)
        } else {
            let container = try decoder.container(keyedBy: Key.self)
            var members: [String: JSON] = [:]
            for key in container.allKeys { members[key.stringValue] = try container.decode(JSON.self, forKey: key) }
            self = .object(members)
        }
    }

    private init?(scalarIn container: any SingleValueDecodingContainer) {
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else {
            return nil
        }
    }

    /// A key of an object: any text.
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
