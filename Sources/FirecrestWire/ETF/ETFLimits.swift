// Firecrest — how much of the external term format is read
// SPDX-License-Identifier: Apache-2.0

/// What the reader of terms refuses although the format allows it (phoenix-channels.md §10.4).
///
/// The defaults are those for what clients send. A token's content, which was signed, may be read with `atoms` as text and
/// `keys` of any kind.
package struct ETFLimits: Sendable, Equatable {
    /// The deepest nesting any reader or writer can be set to.
    package static let deepest = 1_024

    /// Lists, tuples and maps open at the same time; a number has depth 0, an empty list has 1, and an envelope counts
    /// itself.
    ///
    /// Defaults to 128, as for JSON. A setting is clamped to 0 ... 1,024.
    package var maxDepth: Int {
        get { depth }
        set { depth = min(max(newValue, 0), Self.deepest) }
    }

    /// The largest term in bytes, version byte included. Defaults to 1 MiB. Sockets have their own limit on messages and
    /// set `Int.max` here.
    package var maxBytes: Int

    /// Most terms within a term, itself included; a list of bytes in short form (tag 107) counts each byte.
    ///
    /// Defaults to 262,144: a term may be as small as one byte, and what is built from it is larger than that.
    package var maxItems: Int

    /// Most elements of a tuple. Defaults to 255, all that fit the short form.
    package var maxTupleArity: Int

    /// Longest atom in bytes. Defaults to 255, Erlang's own limit (there it counts characters).
    package var maxAtomBytes: Int

    /// What happens to an atom that is none of `nil`, `null`, `undefined`, `true` and `false`.
    package enum Atoms: Sendable {
        /// The term is refused. What clients are held to.
        case refused
        /// It is text like any other. It is never interned or looked up anywhere.
        case text
    }

    /// Defaults to `refused`.
    package var atoms: Atoms

    /// What the keys of maps may be.
    package enum Keys: Sendable {
        /// Anything that has one text: a binary of UTF-8, an atom or a number. Each once, as Erlang demands.
        case text
        /// Any term. Keys that are there twice stay there twice.
        case any
    }

    /// Defaults to `text`.
    package var keys: Keys

    private var depth: Int

    package init(
        maxDepth: Int = 128, maxBytes: Int = 1_048_576, maxItems: Int = 262_144, maxTupleArity: Int = 255,
        maxAtomBytes: Int = 255, atoms: Atoms = .refused, keys: Keys = .text
    ) {
        self.maxBytes = maxBytes
        self.maxItems = maxItems
        self.maxTupleArity = maxTupleArity
        self.maxAtomBytes = maxAtomBytes
        self.atoms = atoms
        self.keys = keys
        self.depth = min(max(maxDepth, 0), Self.deepest)
    }

    /// For what was let in before, whatever the limits were.
    static let lax = ETFLimits(
        maxDepth: deepest, maxBytes: .max, maxItems: .max, maxTupleArity: .max, maxAtomBytes: .max, atoms: .text)
}
