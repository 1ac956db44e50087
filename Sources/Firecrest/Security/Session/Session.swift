// Firecrest — what a session holds.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol
internal import FirecrestWire
internal import FoundationEssentials
internal import NIOCore

/// The values of a session, by name.
///
/// A session may have been written by Elixir, with values that JSON has no form for, such as bytes (`phx.gen.auth` keeps
/// its `user_token` so) or tuples. They are kept as they are: who changes one value and writes the session back leaves the
/// others alone.
public struct Session: Sendable, Hashable {
    /// In the order of their keys, once written.
    private(set) var pairs: [ETFTerm.Pair] = []

    /// An empty one.
    public init() {}

    /// With these values, for tests. A value that is nested more than 62 deep is left out.
    public init(_ values: [String: JSON]) {
        for (key, value) in values { self[key] = value }
    }

    init?(_ term: ETFTerm) {
        guard case .map(let pairs) = term else { return nil }
        self.pairs = pairs
    }

    public var isEmpty: Bool { pairs.isEmpty }
    /// The names of the values.
    public var keys: [String] { pairs.compactMap { $0.key.stringValue ?? $0.key.atomValue } }

    /// A value; nil when there is none, or none that JSON has a form for (`bytes`). Setting nil removes it.
    ///
    /// Atoms are read as strings, tuples as arrays.
    public subscript(key: String) -> JSON? {
        get { term(key).flatMap { try? JSON($0) } }
        set { set(key, newValue.flatMap { ETFTerm($0, depth: SessionOptions.maxDepth - 2) }) }
    }

    /// A value that is text or bytes, as bytes; nil when there is none or it is something else.
    public func bytes(_ key: String) -> [UInt8]? {
        guard case .binary(let bytes) = term(key) else { return nil }
        return Array(bytes.readableBytesView)
    }

    /// Sets bytes, an Elixir binary.
    public mutating func set(_ key: String, bytes: [UInt8]) {
        set(key, .binary(ByteBuffer(bytes: bytes)))
    }

    /// A value as a type of your own; nil when there is none.
    ///
    /// - Throws: when the value has another shape.
    public func decode<T: Decodable>(_ type: T.Type = T.self, _ key: String) throws -> T? {
        guard let value = self[key] else { return nil }
        return try value.decode(type)
    }

    /// Sets a value of a type of your own.
    ///
    /// - Throws: when it cannot be encoded.
    public mutating func set(_ key: String, _ value: some Encodable) throws {
        self[key] = try JSON(encoding: value)
    }

    var term: ETFTerm {
        .map(
            pairs.sorted { ($0.key.stringValue ?? "").utf8.lexicographicallyPrecedes(($1.key.stringValue ?? "").utf8) })
    }

    private func term(_ key: String) -> ETFTerm? {
        pairs.first { $0.key.isName(key) }?.value
    }

    private mutating func set(_ key: String, _ value: ETFTerm?) {
        pairs.removeAll { $0.key.isName(key) }
        if let value { pairs.append(ETFTerm.Pair(.string(key), value)) }
    }
}

extension ETFTerm {
    fileprivate func isName(_ name: String) -> Bool {
        switch self {
        case .binary(let bytes): bytes.readableBytesView.elementsEqual(name.utf8)
        case .atom(let text): text.utf8.elementsEqual(name.utf8)
        default: false
        }
    }
}
