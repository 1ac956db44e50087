// Firecrest — bytes that only the holder of the key reads, as text: Plug.Crypto.MessageEncryptor's form.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FoundationEssentials

/// `XCP.<nonce, tag, ciphertext>` in base64url without padding: XChaCha20-Poly1305 with a nonce of 24 random bytes
/// (phoenix-channels.md §8.4, draft-irtf-cfrg-xchacha-03 §2).
enum EncryptedMessage {
    private static let head = "XCP."
    private static let nonceBytes = 24
    private static let tagBytes = 16
    /// Plug's, from the time of another cipher.
    private static let additionalData = Data("A128GCM".utf8)

    /// nil when the key has not 32 bytes.
    static func encrypt(_ message: [UInt8], _ key: SymmetricKey) -> String? {
        var random = SystemRandomNumberGenerator()
        let nonce = (0..<nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        guard let (subkey, short) = derive(key, nonce),
            let box = try? ChaChaPoly.seal(message, using: subkey, nonce: short, authenticating: additionalData)
        else { return nil }
        return head + Base64URL.encode(nonce + Array(box.tag) + Array(box.ciphertext))
    }

    static func decrypt(_ text: String, _ key: SymmetricKey) -> [UInt8]? {
        guard text.utf8.starts(with: head.utf8), let bytes = Base64URL.decode(text.utf8.dropFirst(head.utf8.count)),
            bytes.count >= nonceBytes + tagBytes, let (subkey, short) = derive(key, Array(bytes[..<nonceBytes])),
            let box = try? ChaChaPoly.SealedBox(
                nonce: short, ciphertext: bytes[(nonceBytes + tagBytes)...],
                tag: bytes[nonceBytes..<(nonceBytes + tagBytes)]),
            let message = try? ChaChaPoly.open(box, using: subkey, authenticating: additionalData)
        else { return nil }
        return Array(message)
    }

    /// The long nonce makes a key of its own, and leaves eight bytes for the short one.
    private static func derive(_ key: SymmetricKey, _ nonce: [UInt8]) -> (SymmetricKey, ChaChaPoly.Nonce)? {
        guard key.bitCount == 256, nonce.count == nonceBytes,
            let subkey = HChaCha20.subkey(key.withUnsafeBytes { Array($0) }, nonce: Array(nonce[..<16])),
            let short = try? ChaChaPoly.Nonce(data: [0, 0, 0, 0] + nonce[16...])
        else { return nil }
        return (SymmetricKey(data: subkey), short)
    }
}
