// Firecrest — why a token is not taken, or not made.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a token, or with what it is to be made of.
public enum TokenError: String, Error, Sendable, Hashable, CustomStringConvertible {
    /// There is none (Phoenix's `:missing`).
    case missing
    /// It is no token, was changed, is another salt's or another secret's, or was signed in the future (Phoenix's
    /// `:invalid`).
    case invalid
    /// It is too old (Phoenix's `:expired`).
    case expired
    /// It is good, but its data is none that the caller takes; or the data to be signed has no form in JSON.
    case unsupportedData
    /// The data to be signed is too large, or nested too deeply.
    case tooLarge
    /// The secret has less than 20 bytes, or the options make no key of it.
    case weakKey

    public var description: String {
        switch self {
        case .missing: "there is no token"
        case .invalid: "the token is invalid: changed, or of another secret, salt or time"
        case .expired: "the token is too old"
        case .unsupportedData: "the token's data is not of the kind that was asked for"
        case .tooLarge: "the token's data is too large or nested too deeply"
        case .weakKey: "the secret has less than \(Token.minSecretBytes) bytes, or the key options make no key of it"
        }
    }
}
