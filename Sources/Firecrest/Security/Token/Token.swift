// Firecrest — tokens that clients keep: signed or encrypted, in Phoenix.Token's format.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol
internal import FirecrestWire
public import FoundationEssentials
internal import NIOCore

/// Signs and encrypts data for clients to keep, and reads it when it comes back. The format is Phoenix.Token's, byte for
/// byte: a token of an Elixir application with the same `secret_key_base` and salt is read here, and the reverse.
///
/// ```swift
/// let token = Token(secretKeyBase: secret)
/// let text = try token.sign("user auth", userID)                             // for the page
/// let userID = try token.verify(Int.self, "user auth", text)                 // in connect
/// ```
///
/// What is signed can be read by everybody, and changed by nobody; what is encrypted can be read by nobody else either. A
/// token stays good until its age is over: there is no way to call one back but to change the salt.
///
/// Data goes through JSON: what Elixir reads are binaries, numbers, lists, maps with binary keys, and `nil`, `true`, `false`;
/// what it wrote is read alike, atoms as strings and tuples as arrays.
///
/// Isolation: `Sendable`. Keys are derived once for each salt and then remembered, in a table of all tokens of the process.
public struct Token: Sendable {
    /// A longer text is no token, in bytes; and none is made.
    public static let maxBytes = 65_536
    /// Deepest nesting of a token's data.
    public static let maxDepth = 64
    /// The shortest secret that is taken, in bytes. An endpoint's has at least 64.
    public static let minSecretBytes = 20

    private let secretKeyBase: String
    private let keys: TokenKeyOptions

    /// - Parameters:
    ///   - secretKeyBase: the application's secret, as both sides have it. With one of less than 20 bytes every call throws.
    ///   - keys: how keys are derived of it; both sides must agree.
    public init(secretKeyBase: String, keys: TokenKeyOptions = TokenKeyOptions()) {
        self.secretKeyBase = secretKeyBase
        self.keys = keys
    }

    // MARK: signed

    /// Signs data (`Phoenix.Token.sign`).
    ///
    /// - Parameters:
    ///   - salt: what the token is for, for example `user auth`: one of another salt is not taken. No secret.
    ///   - signedAt: nil, the default: now. Kept in milliseconds.
    ///   - maxAge: how long it is good, where who verifies says nothing else. Defaults to a day, as Phoenix.
    /// - Throws: `TokenError`: `weakKey`, `unsupportedData`, `tooLarge`.
    public func sign(
        _ salt: String, _ data: JSON, signedAt: Date? = nil, maxAge: TokenAge = .day
    ) throws(TokenError) -> String {
        let payload = try TokenContent(data, signedAt, maxAge).encoded()
        return try Self.checked(SignedMessage.sign(payload, try key(salt)))
    }

    public func sign(
        _ salt: String, _ data: some Encodable, signedAt: Date? = nil, maxAge: TokenAge = .day
    ) throws(TokenError) -> String {
        try sign(salt, try Self.json(data), signedAt: signedAt, maxAge: maxAge)
    }

    /// Reads a signed token (`Phoenix.Token.verify`). The signature is checked before anything else is looked at, in a time
    /// that does not depend on where it is wrong.
    ///
    /// - Parameters:
    ///   - token: as the client sent it; nil throws `missing`.
    ///   - maxAge: how old it may be. nil, the default: as its signer said.
    ///   - leeway: by how much the clocks of signer and reader may differ. Defaults to 0, as Phoenix.
    ///   - now: for tests. nil: the system's clock.
    /// - Throws: `TokenError`: `missing`, `invalid`, `expired`, `unsupportedData`, `weakKey`.
    public func verify(
        _ salt: String, _ token: String?, maxAge: TokenAge? = nil, leeway: Duration = .zero, now: Date? = nil
    ) throws(TokenError) -> JSON {
        guard let payload = SignedMessage.verify(try Self.present(token), try key(salt)) else { throw .invalid }
        return try TokenContent(payload).data(maxAge, leeway, now)
    }

    public func verify<T: Decodable>(
        _ type: T.Type, _ salt: String, _ token: String?, maxAge: TokenAge? = nil, leeway: Duration = .zero,
        now: Date? = nil
    ) throws(TokenError) -> T {
        try Self.decode(type, try verify(salt, token, maxAge: maxAge, leeway: leeway, now: now))
    }

    // MARK: encrypted

    /// Encrypts data (`Phoenix.Token.encrypt`); everything else is as with `sign`. Two tokens of the same data differ.
    ///
    /// - Parameter secret: what the token is for, as the salt of `sign`.
    /// - Throws: as `sign`; `weakKey` also for a `keys.length` other than 32.
    public func encrypt(
        _ secret: String, _ data: JSON, signedAt: Date? = nil, maxAge: TokenAge = .day
    ) throws(TokenError) -> String {
        let payload = try TokenContent(data, signedAt, maxAge).encoded()
        guard let text = EncryptedMessage.encrypt(payload, try key(secret)) else { throw .weakKey }
        return try Self.checked(text)
    }

    public func encrypt(
        _ secret: String, _ data: some Encodable, signedAt: Date? = nil, maxAge: TokenAge = .day
    ) throws(TokenError) -> String {
        try encrypt(secret, try Self.json(data), signedAt: signedAt, maxAge: maxAge)
    }

    /// Reads an encrypted token (`Phoenix.Token.decrypt`). Those of plug_crypto before 2.0 (`QTEyOEdDTQ`) are not read.
    ///
    /// - Throws: as `verify`.
    public func decrypt(
        _ secret: String, _ token: String?, maxAge: TokenAge? = nil, leeway: Duration = .zero, now: Date? = nil
    ) throws(TokenError) -> JSON {
        guard let payload = EncryptedMessage.decrypt(try Self.present(token), try key(secret)) else { throw .invalid }
        return try TokenContent(payload).data(maxAge, leeway, now)
    }

    public func decrypt<T: Decodable>(
        _ type: T.Type, _ secret: String, _ token: String?, maxAge: TokenAge? = nil, leeway: Duration = .zero,
        now: Date? = nil
    ) throws(TokenError) -> T {
        try Self.decode(type, try decrypt(secret, token, maxAge: maxAge, leeway: leeway, now: now))
    }

    // MARK: parts

    private func key(_ salt: String) throws(TokenError) -> DerivedKeys.Key {
        guard secretKeyBase.utf8.count >= Self.minSecretBytes else { throw .weakKey }
        guard let key = DerivedKeys.shared.key(secretKeyBase, salt: salt, keys) else { throw .weakKey }
        return key
    }

    private static func present(_ token: String?) throws(TokenError) -> String {
        guard let token else { throw .missing }
        guard token.utf8.count <= maxBytes else { throw .invalid }
        return token
    }

    private static func checked(_ token: String) throws(TokenError) -> String {
        guard token.utf8.count <= maxBytes else { throw .tooLarge }
        return token
    }

    private static func json(_ data: some Encodable) throws(TokenError) -> JSON {
        if let json = data as? JSON { return json }
        do {
            return try JSON(encoding: data)
        } catch {
            throw .unsupportedData
        }
    }

    private static func decode<T: Decodable>(_ type: T.Type, _ json: JSON) throws(TokenError) -> T {
        if let json = json as? T { return json }
        do {
            return try json.decode(type)
        } catch {
            throw .unsupportedData
        }
    }
}
