// Firecrest — a name as a number that is the same on every thread and in every process.
// SPDX-License-Identifier: Apache-2.0

enum NameHash {
    /// FNV-1a, 64 bits: cheaper than the hasher for short names.
    static func value(of name: String) -> UInt64 {
        value(of: name.utf8)
    }

    static func value(of name: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return hash
    }
}
