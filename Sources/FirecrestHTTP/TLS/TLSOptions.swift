// Firecrest — how a listener speaks TLS.
// SPDX-License-Identifier: Apache-2.0

/// TLS of one listener: `https` and `wss`.
///
/// ```swift
/// options.listen = [.hostname("0.0.0.0", port: 443, tls: TLSOptions(certificateFile: "chain.pem", keyFile: "key.pem"))]
/// ```
///
/// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption, HTTP/1.1 alone (WebSockets run over it), no
/// renegotiation, no compression. `Endpoint.reloadCertificates` and, while the endpoint runs, SIGHUP read the files again.
public struct TLSOptions: Sendable, Hashable {
    /// The certificate with those of the authorities between it and a root, and its private key: PEM (RFC 7468).
    public enum Identity: Sendable, Hashable {
        /// Read when the endpoint is made and at each reload.
        case files(certificates: String, key: String)
        /// The texts themselves. A reload changes nothing.
        case pem(certificates: String, key: String)
    }

    /// The oldest version that is spoken.
    public enum Version: String, Sendable, Hashable {
        case tls12 = "TLS 1.2"
        case tls13 = "TLS 1.3"
    }

    /// What encrypts a TLS 1.2 connection, always with ephemeral elliptic-curve keys (ECDHE) and authenticated
    /// (RFC 9325 §4.2). There are no weaker ones to choose. Those of TLS 1.3 are all fine and cannot be chosen.
    public enum Cipher: String, Sendable, Hashable, CaseIterable {
        case aes128GCM = "AES128-GCM-SHA256"
        case aes256GCM = "AES256-GCM-SHA384"
        case chaCha20Poly1305 = "CHACHA20-POLY1305"
    }

    /// What is asked of clients. The certificate that a client showed is `PeerData.certificate`.
    public enum ClientCertificates: Sendable, Hashable {
        /// Clients are not asked.
        case ignored
        /// Clients are asked. One without a certificate may connect; one with a certificate that does not lead to those in
        /// the PEM file may not.
        case optional(authorities: String)
        /// Only clients with a certificate that leads to those in the PEM file may connect.
        case required(authorities: String)
    }

    public var identity: Identity
    /// Defaults to TLS 1.2, which all that still get updates speak. 1.0 and 1.1 are not to be had (RFC 8996).
    public var minimumVersion = Version.tls12
    /// Ciphers of TLS 1.2, the best liked first. Defaults to all. An empty list is a `TLSError`.
    public var ciphers = Cipher.allCases
    /// Defaults to `ignored`.
    public var clientCertificates = ClientCertificates.ignored
    /// How long a handshake may take, from the connection's first moment; it is closed then without a word. Defaults to
    /// 10 s: two slow round trips and a busy server.
    public var handshakeTimeout = Duration.seconds(10)

    public init(_ identity: Identity) {
        self.identity = identity
    }

    public init(certificateFile: String, keyFile: String) {
        self.init(.files(certificates: certificateFile, key: keyFile))
    }
}

/// A certificate or a key that cannot be used. Thrown at start, and by a reload, which then changes nothing.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case unreadableCertificate = "tls_unreadable_certificate"
        case unreadableKey = "tls_unreadable_key"
        case unreadableAuthorities = "tls_unreadable_authorities"
        /// The parts do not go together, as a key of another certificate.
        case unusable = "tls_unusable"
    }

    public let code: Code
    public let sentence: String

    package init(code: Code, sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    public var description: String { "\(code.rawValue): \(sentence)" }
}
