// Firecrest — which serializer a `vsn` asks for.
// SPDX-License-Identifier: Apache-2.0

/// A full semantic version as the `vsn` parameter carries it (`2.0.0`, `2.0.1-rc.1`, `2.0.0+b1`).
///
/// Matched against a serializer's `VersionRequirement`.
package struct ProtocolVersion: Sendable, Hashable {
    package let major: Int
    package let minor: Int
    package let patch: Int
    package let isPrerelease: Bool

    /// `nil` unless `text` has three numeric parts without leading zeros, and well-formed `-pre` and `+build` parts.
    package init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        let (withoutBuild, build) = Self.split(text[...], at: "+")
        let (core, pre) = Self.split(withoutBuild, at: "-")
        guard build.map(Self.isIdentifierList) ?? true, pre.map(Self.isIdentifierList) ?? true else { return nil }
        let parts = core.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let major = Self.number(parts[0]), let minor = Self.number(parts[1]),
            let patch = Self.number(parts[2])
        else { return nil }
        self.major = major
        self.minor = minor
        self.patch = patch
        self.isPrerelease = pre != nil
    }

    private static func split(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func isIdentifierList(_ text: Substring) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                        || byte == UInt8(ascii: "-")
                }
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 9,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0")
        else { return nil }
        return Int(text)
    }
}
