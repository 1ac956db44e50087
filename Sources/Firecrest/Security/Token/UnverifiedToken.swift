// Firecrest — what a signed token says, whoever wrote it.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestProtocol

/// A token that was not verified: for people who look at one. Nothing of it may be believed.
package struct UnverifiedToken: Sendable {
    /// Which signature it has, or says that it has: `SFMyNTY` and so on.
    package let head: String
    /// nil when it has no form in JSON.
    package let data: JSON?
    /// Milliseconds since 1970; nil beyond what 64 bits hold.
    package let signedAt: Int64?
    package let maxAge: TokenAge

    /// nil for what has not the form of a signed token.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard text.utf8.count <= Token.maxBytes, parts.count == 3, let payload = Base64URL.decode(parts[1]),
            let content = try? TokenContent(payload)
        else { return nil }
        head = String(decoding: parts[0], as: UTF8.self)
        data = try? JSON(content.term)
        signedAt = Int64(exactly: content.signedAt)
        maxAge = content.maxAge
    }
}
