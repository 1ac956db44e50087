// Firecrest — signs the addresses of sessions for clients to keep, and checks what comes back.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FoundationEssentials
internal import NIOCore

/// Makes tokens of addresses: `SFMyNTY.<address>.<mac>`, both parts base64url, the mac HMAC-SHA256 over all before its
/// dot (the outer form of Phoenix's tokens). Clients see no more in it than a text; no one else can make one.
struct SessionTokens: Sendable {
    /// A longer text is no token, and is not looked at. Ours have 99 bytes.
    static let maxBytes = 256
    /// A token of the near future is taken: the nodes' clocks differ by less than this.
    static let maxClockSkew = Duration.seconds(60)

    /// Tells this key from others that are derived of the same secret.
    private static let salt = "firecrest session token 1"

    private let key: SymmetricKey

    /// - Parameter secret: `EndpointOptions.secretKeyBase`. nil takes random bytes: no other process knows such tokens.
    init(secret: String?) {
        let base = secret.map { SymmetricKey(data: Data($0.utf8)) } ?? SymmetricKey(size: .bits256)
        key = HKDF<SHA256>.deriveKey(inputKeyMaterial: base, salt: Data(Self.salt.utf8), outputByteCount: 32)
    }

    func sign(_ address: SessionAddress) -> String {
        var payload = ByteBuffer()
        address.write(to: &payload)
        return SignedMessage.sign(Array(payload.readableBytesView), key)
    }

    /// The address in a token, or nil when we did not sign it, or did so longer ago than `maxAge`; nil takes any age.
    ///
    /// Nothing of the payload is looked at before the mac has been found right, in a time that does not depend on where
    /// it is wrong.
    ///
    /// - Parameter now: seconds since 1970.
    func verify(_ token: String, maxAge: Duration?, now: Int64) -> SessionAddress? {
        guard token.utf8.count <= Self.maxBytes, let payload = SignedMessage.verify(token, key),
            payload.count == SessionAddress.byteCount
        else { return nil }
        var buffer = ByteBuffer(bytes: payload)
        guard let address = SessionAddress.read(from: &buffer) else { return nil }
        let (age, overflow) = now.subtractingReportingOverflow(address.issuedAt)
        guard !overflow, .seconds(age) >= .zero - Self.maxClockSkew else { return nil }
        if let maxAge, .seconds(age) > maxAge { return nil }
        return address
    }
}

extension SessionTokens {
    /// The time for `verify` and for new addresses: seconds since 1970, by the system's clock.
    static var now: Int64 { Int64(Date().timeIntervalSince1970.rounded(.down)) }
}
