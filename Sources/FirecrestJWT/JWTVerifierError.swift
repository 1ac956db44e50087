// Firecrest — why a token is not taken, or a verifier cannot be made.
// SPDX-License-Identifier: Apache-2.0

/// Why a token was refused, or keys could not be loaded. Made for the log: it says more than a client should know.
public struct JWTVerifierError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Raw values are stable.
    public enum Code: String, Sendable, CaseIterable {
        // Tokens

        /// There is no token.
        case missing = "token_missing"
        /// More bytes than `JWTVerifierOptions.maxTokenBytes`. Not one of them was looked at.
        case tooLong = "token_too_long"
        /// Not three parts of base64url with JSON objects in them, or JWE, or a `crit` that asks for more than we know.
        case malformed = "token_malformed"
        /// The header's algorithm is not that of any key. `none` never is.
        case algorithmNotAllowed = "token_algorithm_not_allowed"
        /// No key has the id that the header names, or it names none and several could be meant.
        case unknownKey = "token_key_unknown"
        /// The key did not make this signature.
        case badSignature = "token_signature_invalid"
        /// `typ` is not `JWTVerifierOptions.tokenType`.
        case wrongType = "token_type_wrong"
        /// `exp` has passed.
        case expired = "token_expired"
        /// `nbf` has not come.
        case notYetValid = "token_not_yet_valid"
        /// `iat` has not come.
        case issuedInFuture = "token_issued_in_future"
        /// `iss` is not what is expected.
        case wrongIssuer = "token_issuer_wrong"
        /// `aud` is not what is expected.
        case wrongAudience = "token_audience_wrong"
        /// A claim that must be there is not.
        case claimMissing = "token_claim_missing"
        /// A claim is there and is not what RFC 7519 or the code that asked for it expects.
        case claimMalformed = "token_claim_malformed"
        /// A fresh token is about somebody else than the one that it follows.
        case otherSubject = "token_subject_other"
        /// More grants than `JWTVerifierOptions.maxGrants`, or a topic that is too long for one.
        case tooManyGrants = "token_too_many_grants"

        // Keys and options

        /// There is no key at all.
        case noKeys = "jwt_no_keys"
        /// A key's file cannot be read.
        case keyUnreadable = "jwt_key_unreadable"
        /// A text that is not the key that it should be.
        case keyMalformed = "jwt_key_malformed"
        /// A key that is too short to be one.
        case keyTooWeak = "jwt_key_too_weak"
        /// Two keys that no token could tell apart, or a key of which it is not said what it is for.
        case keyAmbiguous = "jwt_key_ambiguous"
        /// An option that is out of its range.
        case optionOutOfRange = "jwt_option_out_of_range"
        /// The mount has no verifier among its `connectInfo`.
        case notConfigured = "jwt_not_configured"
    }

    /// Stable, for programs.
    public let code: Code
    /// What is wrong, for people. Nothing of a token's header stands in it, and of its claims at most 64 characters.
    public let sentence: String

    package init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    public var description: String { "\(code.rawValue): \(sentence)" }
}
