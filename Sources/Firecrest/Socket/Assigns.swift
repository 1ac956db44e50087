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
    /// nil when empty: most connections have few or none.
    private var values: [String: any Sendable]?

    public init() {}

    public subscript<Value>(key: AssignKey<Value>) -> Value? {
        get { values?[key.name] as? Value }
        set {
            var values = values ?? [:]
            values[key.name] = newValue
            self.values = values.isEmpty ? nil : values
        }
    }

    /// These values with `other`'s laid over them.
    public func merging(_ other: Assigns) -> Assigns {
        guard let theirs = other.values else { return self }
        guard let ours = values else { return other }
        var merged = self
        merged.values = ours.merging(theirs) { _, new in new }
        return merged
    }
}
