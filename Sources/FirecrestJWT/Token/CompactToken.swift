// Firecrest — a token cut into its parts, and what of its header may be believed: nothing.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestProtocol
internal import FirecrestWire

/// A JWS in compact form (RFC 7515 §7.1), before anything is known about who made it. The claims are still text.
struct CompactToken {
    /// The deepest nesting of a header or of claims.
    static let maxJSONDepth = 32

    /// What the header asks to be checked with; the keys decide.
    let algorithm: JWSAlgorithm
    let keyID: String?
    let type: String?
    let signature: [UInt8]
    /// Header and claims as they were sent, with the dot in between.
    let signed: [UInt8]
    /// Where in `signed` the claims begin.
    private let claimsStart: Int

    /// - Throws: `tooLong`, `malformed`, `algorithmNotAllowed`.
    init(_ text: String, maxBytes: Int) throws(JWTVerifierError) {
        guard text.utf8.count <= maxBytes else {
            throw JWTVerifierError(.tooLong, "The token has more than \(maxBytes) bytes.")
        }
        let bytes = Array(text.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw JWTVerifierError(.malformed, "The token has not the three parts of a JWS.")
        }
        let header = try Self.object(parts[0], "header")
        // RFC 7515 §4.1.11: what the issuer calls critical and we do not know is no detail.
        guard header["crit"] == nil else {
            throw JWTVerifierError(.malformed, "The token's header has extensions that must be understood.")
        }
        guard let name = header["alg"]?.stringValue, let algorithm = JWSAlgorithm(name: name) else {
            throw JWTVerifierError(.algorithmNotAllowed, "The token's header names no algorithm that is known here.")
        }
        guard let signature = Base64URL.decode(parts[2]), !signature.isEmpty else {
            throw JWTVerifierError(.malformed, "The token's signature is not base64url.")
        }
        self.algorithm = algorithm
        keyID = try Self.text(header["kid"], "kid")
        type = try Self.text(header["typ"], "typ")
        self.signature = signature
        signed = Array(bytes[..<parts[1].endIndex])
        claimsStart = parts[1].startIndex
    }

    /// The claims. To be called once the signature has been found right.
    func claims() throws(JWTVerifierError) -> JSON {
        try Self.object(signed[claimsStart...], "payload")
    }

    private static func object(_ part: ArraySlice<UInt8>, _ name: String) throws(JWTVerifierError) -> JSON {
        guard let bytes = Base64URL.decode(part) else {
            throw JWTVerifierError(.malformed, "The token's \(name) is not base64url.")
        }
        guard let json = try? JSON(parsing: bytes.span, limits: JSONLimits(maxDepth: maxJSONDepth)),
            case .object = json
        else { throw JWTVerifierError(.malformed, "The token's \(name) is no JSON object.") }
        return json
    }

    private static func text(_ value: JSON?, _ name: String) throws(JWTVerifierError) -> String? {
        guard let value else { return nil }
        guard let text = value.stringValue else {
            throw JWTVerifierError(.malformed, "The token's header has a \(name) that is no text.")
        }
        return text
    }
}
