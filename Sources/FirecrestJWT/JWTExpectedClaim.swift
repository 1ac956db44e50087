// Firecrest — what a token's issuer or audience has to be.
// SPDX-License-Identifier: Apache-2.0

/// What is expected of `iss` or `aud`. Texts are compared byte for byte (RFC 7519 §4.1.1, §4.1.3).
public struct JWTExpectedClaim: Sendable, Hashable {
    let names: [String]
    let mayBeAbsent: Bool
    let isChecked: Bool

    /// The claim is there and is one of `names`; of several audiences one is.
    public static func required(_ names: String...) -> JWTExpectedClaim {
        JWTExpectedClaim(names: names, mayBeAbsent: false, isChecked: true)
    }

    /// The claim is not there, or as `required`.
    public static func optional(_ names: String...) -> JWTExpectedClaim {
        JWTExpectedClaim(names: names, mayBeAbsent: true, isChecked: true)
    }

    /// Not looked at. For issuers whose keys sign for nobody else: of an audience RFC 7519 §4.1.3 says that a token for
    /// others must be refused.
    public static let ignored = JWTExpectedClaim(names: [], mayBeAbsent: true, isChecked: false)

    func contains(_ name: String) -> Bool {
        names.contains { $0.utf8.elementsEqual(name.utf8) }
    }
}
