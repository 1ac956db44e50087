// Firecrest — the registered claims of a token, each of the type that it must have.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestProtocol

/// What a payload says, once its signature is known to be right (RFC 7519 §4.1).
package struct Claims: Sendable {
    /// All of them; an object.
    package let json: JSON
    package let subject: String?
    package let issuer: String?
    package let id: String?
    /// nil when there is no `aud`.
    package let audiences: [String]?
    /// Seconds since 1970.
    package let expiry: Double?
    package let notBefore: Double?
    package let issuedAt: Double?

    /// The end of the year 9999. What is later is a time in milliseconds, or no time.
    private static let latest = 253_402_300_799.0

    /// - Throws: `claimMalformed` for a registered claim of another type. A null is one, too.
    init(_ json: JSON) throws(JWTVerifierError) {
        self.json = json
        subject = try Self.text(json, "sub")
        issuer = try Self.text(json, "iss")
        id = try Self.text(json, "jti")
        audiences = try Self.texts(json, "aud")
        expiry = try Self.time(json, "exp")
        notBefore = try Self.time(json, "nbf")
        issuedAt = try Self.time(json, "iat")
    }

    private static func text(_ json: JSON, _ name: String) throws(JWTVerifierError) -> String? {
        guard let value = json[name] else { return nil }
        guard let text = value.stringValue else { throw malformed(name, "text") }
        return text
    }

    /// A text, or several.
    private static func texts(_ json: JSON, _ name: String) throws(JWTVerifierError) -> [String]? {
        guard let value = json[name] else { return nil }
        if let text = value.stringValue { return [text] }
        guard let items = value.arrayValue else { throw malformed(name, "text or an array of texts") }
        var texts: [String] = []
        for item in items {
            guard let text = item.stringValue else { throw malformed(name, "text or an array of texts") }
            texts.append(text)
        }
        return texts
    }

    /// - Throws: `claimMalformed` for what is no time.
    static func time(_ json: JSON, _ name: String) throws(JWTVerifierError) -> Double? {
        guard let value = json[name] else { return nil }
        guard let seconds = value.doubleValue, 0...latest ~= seconds else {
            throw malformed(name, "a number of seconds since 1970, before the year 10000")
        }
        return seconds
    }

    private static func malformed(_ name: String, _ expected: String) -> JWTVerifierError {
        JWTVerifierError(.claimMalformed, "The token's \(name) is not \(expected).")
    }
}
