// Firecrest — keys of a secret and a salt, derived once.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
internal import NIOConcurrencyHelpers

/// PBKDF2 takes a millisecond, a token verified with a key that is known a few microseconds: keys are remembered.
final class DerivedKeys: Sendable {
    typealias Key = SymmetricKey

    /// Keys that are remembered; beyond, the oldest goes. An application has a handful of salts.
    static let maxKeys = 256
    static let shared = DerivedKeys()

    private struct Origin: Hashable {
        let secret: String
        let salt: String
        let options: TokenKeyOptions
    }

    private struct Table {
        var keys: [Origin: Key] = [:]
        var order: [Origin] = []
    }

    private let table = NIOLockedValueBox(Table())

    var count: Int { table.withLockedValue { $0.keys.count } }

    /// nil for options that make no key.
    func key(_ secret: String, salt: String, _ options: TokenKeyOptions) -> Key? {
        let origin = Origin(secret: secret, salt: salt, options: options)
        if let known = table.withLockedValue({ $0.keys[origin] }) { return known }
        guard options.isUsable, let key = Self.derive(secret, salt, options) else { return nil }
        table.withLockedValue { table in
            guard table.keys.updateValue(key, forKey: origin) == nil else { return }
            table.order.append(origin)
            if table.order.count > Self.maxKeys { table.keys[table.order.removeFirst()] = nil }
        }
        return key
    }

    private static func derive(_ secret: String, _ salt: String, _ options: TokenKeyOptions) -> Key? {
        let hash: KDF.Insecure.PBKDF2.HashFunction =
            switch options.digest {
            case .sha256: .sha256
            case .sha384: .sha384
            case .sha512: .sha512
            }
        return try? KDF.Insecure.PBKDF2.deriveKey(
            from: Data(secret.utf8), salt: Data(salt.utf8), using: hash, outputByteCount: options.length,
            unsafeUncheckedRounds: options.iterations)
    }
}
