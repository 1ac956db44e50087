// Firecrest — reading a JSON value without knowing its shape
// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// The member of an object, or `nil` when there is none or this is no object. A member that is `null` is `.null`.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// The element of an array, or `nil` when the index is out of bounds (a negative one always is) or this is no
    /// array.
    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The value of `true` or `false`, or `nil` when this is neither. Numbers and strings are not converted.
    public var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The number as an integer when it is one exactly, so 5 for both `5` and `5.0`, or `nil`.
    public var intValue: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number, or `nil` when this is none. An integer beyond ±2⁵³ is rounded to the nearest `Double`.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The string, or `nil` when this is none. Numbers are not converted.
    public var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The elements, or `nil` when this is no array.
    public var arrayValue: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members, or `nil` when this is no object.
    public var objectValue: [String: JSON]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
}
