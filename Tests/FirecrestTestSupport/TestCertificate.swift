// Firecrest — certificates made for a test.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A certificate and its key, in PEM.
package struct TestCertificate: Sendable {
    package let certificate: String
    package let key: String
    /// DER.
    package let bytes: [UInt8]
    private let name: DistinguishedName
    private let privateKey: P256.Signing.PrivateKey

    /// An authority, which signs itself.
    package init(authority name: String) throws {
        try self.init(name, isAuthority: true, issuer: nil)
    }

    /// A server's or client's certificate of this authority.
    package func issue(_ name: String) throws -> TestCertificate {
        try TestCertificate(name, isAuthority: false, issuer: self)
    }

    private init(_ common: String, isAuthority: Bool, issuer: TestCertificate?) throws {
        let own = P256.Signing.PrivateKey()
        name = try DistinguishedName { CommonName(common) }
        let made = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(own.publicKey), notValidBefore: Date() - 3_600,
            notValidAfter: Date() + 3_600, issuer: issuer?.name ?? name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                if isAuthority {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                } else {
                    Critical(BasicConstraints.notCertificateAuthority)
                    SubjectAlternativeNames([.dnsName(common)])
                }
            },
            issuerPrivateKey: .init(issuer?.privateKey ?? own))
        let document = try made.serializeAsPEM()
        certificate = document.pemString + "\n"
        bytes = document.derBytes
        key = own.pemRepresentation
        privateKey = own
    }
}
