// Firecrest — which protocol versions a serializer takes.
// SPDX-License-Identifier: Apache-2.0

/// A requirement such as `~> 2.0.0`: at least that version, and below the next minor one.
package struct VersionRequirement: Sendable, Hashable {
    private let major: Int
    private let minor: Int
    private let patch: Int

    /// - Returns: nil unless `text` is `~> ` and a full version without pre-release and build parts.
    package init?(_ text: String) {
        guard text.hasPrefix("~> "), !text.utf8.contains(UInt8(ascii: "+")),
            let version = ProtocolVersion(String(text.dropFirst(3))), !version.isPrerelease
        else { return nil }
        major = version.major
        minor = version.minor
        patch = version.patch
    }

    /// A pre-release counts as below its release, as in Elixir's `Version`.
    package func accepts(_ version: ProtocolVersion) -> Bool {
        guard version.major == major, version.minor == minor else { return false }
        return version.patch > patch || (version.patch == patch && !version.isPrerelease)
    }
}
