// Firecrest — a listener's certificates, loaded and exchangeable.
// SPDX-License-Identifier: Apache-2.0

internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOSSL

/// What `TLSOptions` come to. Shared by all connections of a listener.
///
/// A reload puts a new context in the place of the old one, which the connections that have it keep until they end. The lock
/// is taken once a connection.
package final class TLSContext: Sendable {
    package let options: TLSOptions
    private let current: NIOLockedValueBox<NIOSSLContext>

    /// - Throws: `TLSError`.
    package init(_ options: TLSOptions) throws(TLSError) {
        self.options = options
        current = NIOLockedValueBox(try Self.load(options))
    }

    /// Reads the files again. Connections that begin from now on get what stands there.
    ///
    /// - Throws: `TLSError`; nothing has changed then.
    package func reload() throws(TLSError) {
        let fresh = try Self.load(options)
        current.withLockedValue { $0 = fresh }
    }

    var asksForCertificates: Bool { options.clientCertificates != .ignored }

    func makeHandler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: current.withLockedValue { $0 })
    }

    // MARK: loading

    private static func load(_ options: TLSOptions) throws(TLSError) -> NIOSSLContext {
        let certificates: [NIOSSLCertificate]
        do {
            certificates =
                switch options.identity {
                case .files(let path, _): try NIOSSLCertificate.fromPEMFile(path)
                case .pem(let text, _): try NIOSSLCertificate.fromPEMBytes(Array(text.utf8))
                }
        } catch {
            throw .reading(.unreadableCertificate, options.identity.certificatePlace, "certificates", error)
        }
        guard !certificates.isEmpty else {
            throw .reading(.unreadableCertificate, options.identity.certificatePlace, "certificates", nil)
        }
        let key: NIOSSLPrivateKey
        do {
            key =
                switch options.identity {
                case .files(_, let path): try NIOSSLPrivateKey(file: path, format: .pem)
                case .pem(_, let text): try NIOSSLPrivateKey(bytes: Array(text.utf8), format: .pem)
                }
        } catch {
            throw .reading(.unreadableKey, options.identity.keyPlace, "an unencrypted private key", error)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = options.minimumVersion == .tls13 ? .tlsv13 : .tlsv12
        guard !options.ciphers.isEmpty else {
            throw TLSError(code: .unusable, sentence: "The list of ciphers is empty; name at least one.")
        }
        configuration.cipherSuites = options.ciphers
            .flatMap { ["ECDHE-ECDSA-\($0.rawValue)", "ECDHE-RSA-\($0.rawValue)"] }.joined(separator: ":")
        configuration.applicationProtocols = ["http/1.1"]
        // What we have sent is out by then; all that is waited for is the other side's word that it has ended.
        configuration.shutdownTimeout = .seconds(1)
        try askForCertificates(options.clientCertificates, &configuration)
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSError(
                code: .unusable,
                sentence: "The certificate of \(options.identity.certificatePlace) and the key of "
                    + "\(options.identity.keyPlace) cannot be used together; the key must be that of the file's first "
                    + "certificate (\(error)).")
        }
    }

    private static func askForCertificates(
        _ wanted: TLSOptions.ClientCertificates, _ configuration: inout TLSConfiguration
    ) throws(TLSError) {
        let path: String
        switch wanted {
        case .ignored: return
        case .optional(let authorities):
            path = authorities
            configuration.certificateVerification = .optionalVerification
        case .required(let authorities):
            path = authorities
            configuration.certificateVerification = .noHostnameVerification
        }
        do {
            let authorities = try NIOSSLCertificate.fromPEMFile(path)
            guard !authorities.isEmpty else { throw TLSError(code: .unreadableAuthorities, sentence: "it has none") }
            configuration.trustRoots = .certificates(authorities)
            configuration.sendCANameList = true
        } catch {
            throw .reading(.unreadableAuthorities, "the file \(path)", "certificates of authorities", error)
        }
    }
}

extension TLSError {
    fileprivate static func reading(
        _ code: Code, _ place: String, _ expected: String, _ error: (any Error)?
    ) -> TLSError {
        let reason = error.map { " (\($0))" } ?? ""
        return TLSError(
            code: code, sentence: "There is nothing to use in \(place); \(expected) in PEM are expected\(reason).")
    }
}

extension TLSOptions.Identity {
    fileprivate var certificatePlace: String {
        switch self {
        case .files(let path, _): "the file \(path)"
        case .pem: "the certificates' text"
        }
    }

    fileprivate var keyPlace: String {
        switch self {
        case .files(_, let path): "the file \(path)"
        case .pem: "the key's text"
        }
    }
}
