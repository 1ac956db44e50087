// Firecrest — a certificate of one's own making, for trying TLS.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import FirecrestHTTP
internal import FoundationEssentials
internal import NIOCore
internal import SwiftASN1
internal import X509

extension TLSOptions {
    /// A fresh key (P-256) and a certificate for it that no authority has signed: browsers warn, other clients must be told
    /// to trust it. For trying `https` and `wss` on one's own machine; both are forgotten when the process ends.
    ///
    /// - Parameters:
    ///   - hosts: the names and addresses that the certificate is for.
    ///   - validity: from now on, and from an hour ago for clocks that are behind. Defaults to 30 days.
    /// - Throws: `TLSError.unusable` where there is no host.
    public static func selfSigned(
        hosts: [String] = ["localhost", "127.0.0.1", "::1"], validity: Duration = .seconds(30 * 86_400)
    ) throws -> TLSOptions {
        guard let first = hosts.first else {
            throw TLSError(code: .unusable, sentence: "A self-signed certificate needs at least one host.")
        }
        let key = P256.Signing.PrivateKey()
        let now = Date()
        let name = try DistinguishedName { CommonName(first) }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
            notValidBefore: now - 3_600, notValidAfter: now + TimeInterval(validity.components.seconds),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(hosts.map(alternativeName))
            }, issuerPrivateKey: .init(key))
        return TLSOptions(
            .pem(certificates: try certificate.serializeAsPEM().pemString, key: key.pemRepresentation))
    }

    private static func alternativeName(_ host: String) -> GeneralName {
        // Addresses are bytes there (RFC 5280 §4.2.1.6).
        guard let address = (try? SocketAddress(ipAddress: host, port: 0)).flatMap(IPAddress.init) else {
            return .dnsName(host)
        }
        return .ipAddress(ASN1OctetString(contentBytes: address.octets[...]))
    }
}
