// Firecrest — typed values that a connection and its channels carry.
// SPDX-License-Identifier: Apache-2.0

/// The name and type of an assign: `extension AssignKey<Int> { static let userID = AssignKey("user_id") }`.
public struct AssignKey<Value: Sendable>: Sendable, Hashable {
    public let name: String

    public init(_ name: String) {
        self.name = name
    }
}

/// Values set in `connect` and copied into each channel at join; a value type, so channels do not see each other's.
///
/// Keys are names with a type: two keys of one name and different types do not find each other's values.
public struct Assigns: Sendable {
    /// A few at most, on each of many connections: an array of one takes 96 bytes, a dictionary 176.
    private var values: [(name: String, value: any Sendable)] = []

    public init() {}

    public subscript<Value>(key: AssignKey<Value>) -> Value? {
        get { values.first { $0.name == key.name }?.value as? Value }
        set { set(key.name, newValue) }
    }

    /// These values with `other`'s laid over them.
    public func merging(_ other: Assigns) -> Assigns {
        guard !values.isEmpty else { return other }
        var merged = self
        for (name, value) in other.values { merged.set(name, value) }
        return merged
    }

    private mutating func set(_ name: String, _ value: (any Sendable)?) {
        let index = values.firstIndex { $0.name == name }
        switch (index, value) {
        case (let index?, let value?): values[index].value = value
        case (let index?, nil): values.remove(at: index)
        case (nil, let value?): values.append((name, value))
        case (nil, nil): break
        }
    }
}
