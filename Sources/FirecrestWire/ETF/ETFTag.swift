// Firecrest — the tags of the external term format
// SPDX-License-Identifier: Apache-2.0

/// First bytes of terms (phoenix-channels.md §10.1). A tag that is not here is refused, whatever it stands for: bit
/// strings, references, ports, process ids, functions, exports and records among them.
enum ETFTag {
    /// Stands once, before the term.
    static let version: UInt8 = 131

    static let newFloat: UInt8 = 70
    static let compressed: UInt8 = 80
    static let smallInteger: UInt8 = 97
    static let integer: UInt8 = 98
    /// A number as text, which Erlang wrote before it had `newFloat`.
    static let float: UInt8 = 99
    /// Latin-1. What Erlang writes up to OTP 25.
    static let atom: UInt8 = 100
    static let smallTuple: UInt8 = 104
    static let largeTuple: UInt8 = 105
    /// The empty list, which also ends every other one.
    static let empty: UInt8 = 106
    /// A list of bytes in short form, not text.
    static let byteList: UInt8 = 107
    static let list: UInt8 = 108
    static let binary: UInt8 = 109
    static let smallBig: UInt8 = 110
    static let largeBig: UInt8 = 111
    /// Latin-1. The only atom besides `atom` that erlpack's JavaScript reads.
    static let smallAtom: UInt8 = 115
    static let map: UInt8 = 116
    static let atomUTF8: UInt8 = 118
    /// What Erlang writes from OTP 26 on.
    static let smallAtomUTF8: UInt8 = 119
}
