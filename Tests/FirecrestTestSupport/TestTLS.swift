// Firecrest — what a test's client takes and shows in TLS.
// SPDX-License-Identifier: Apache-2.0

package import NIOSSL

/// One side of a handshake. The server's name is not looked at: tests connect to addresses.
package struct TestTLS: Sendable {
    /// PEM of the certificates that the server's must lead to.
    package var trusted: String
    /// What the client shows when it is asked.
    package var identity: TestCertificate?
    package var minimum = TLSVersion.tlsv12
    package var maximum: TLSVersion?
    package var cipherSuites: String?

    package init(trusting trusted: String, identity: TestCertificate? = nil) {
        self.trusted = trusted
        self.identity = identity
    }

    func makeHandler() throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(trusted.utf8)))
        configuration.minimumTLSVersion = minimum
        configuration.maximumTLSVersion = maximum
        if let cipherSuites { configuration.cipherSuites = cipherSuites }
        if let identity {
            configuration.certificateChain = [
                .certificate(try NIOSSLCertificate(bytes: Array(identity.certificate.utf8), format: .pem))
            ]
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem))
        }
        return try NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: nil)
    }
}
