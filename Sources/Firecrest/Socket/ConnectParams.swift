// Firecrest — the parameters of a connection, from its URL.
// SPDX-License-Identifier: Apache-2.0

/// What a client put into its URL: query parameters, nested as phoenix.js writes them (`a[b]=1`, `c[]=2`), and the named
/// segments of the mount's path, which win over query parameters of the same name.
public struct ConnectParams: Sendable, Hashable {
    public enum Value: Sendable, Hashable {
        case string(String)
        case list([Value])
        case map([String: Value])

        public var string: String? {
            if case .string(let value) = self { value } else { nil }
        }

        public var list: [Value]? {
            if case .list(let value) = self { value } else { nil }
        }

        /// A member of a map; nil for anything else.
        public subscript(key: String) -> Value? {
            if case .map(let members) = self { members[key] } else { nil }
        }
    }

    public var values: [String: Value]

    public init(_ values: [String: Value] = [:]) {
        self.values = values
    }

    public subscript(key: String) -> Value? { values[key] }

    /// A parameter that is plain text; nil when it is absent, a list or a map.
    public func string(_ key: String) -> String? { values[key]?.string }
}
