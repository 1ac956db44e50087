// Firecrest — where a server of this program listens, TLS, and the proxies in front of it.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest

struct ListenArguments: ParsableArguments {
    @Option(help: "Address to listen at.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen at; 0 lets the system choose.")
    var port = 4000

    @Option(name: .customLong("unix"), help: "Listen at this Unix socket instead of a port.")
    var unixSocket: String?

    @Option(
        name: .customLong("unix-permissions"),
        help: "Permissions of the Unix socket's file, in octal, for example 660 (default: what umask leaves).")
    var unixPermissions: String?

    @Option(name: .customLong("fd"), help: "Listen at this inherited descriptor instead of a port.")
    var descriptor: Int32?

    @Option(
        name: .customLong("tls-certificate"), help: "PEM file with the certificate chain; SIGHUP reads it again.")
    var tlsCertificate: String?

    @Option(name: .customLong("tls-key"), help: "PEM file with the certificate's private key.")
    var tlsKey: String?

    @Flag(
        name: .customLong("tls-self-signed"),
        help: "Speak TLS with a certificate made now for localhost and the address listened at, which nobody trusts.")
    var tlsSelfSigned = false

    @Option(
        name: .customLong("tls-client-ca"),
        help: "PEM file with authorities: clients are asked for a certificate of theirs and may do without.")
    var tlsClientAuthorities: String?

    @Option(
        name: .customLong("trusted-proxy"),
        help: "Address or range of a proxy that is believed about its clients, or unix; may be given several times.")
    var trustedProxies: [String] = []

    @Option(
        name: .customLong("forwarded-header"),
        help: "What those proxies set: x-forwarded (X-Forwarded-For and -Proto), forwarded (RFC 7239), or none.")
    var forwardedHeader = ForwardedHeader.xForwarded

    @Flag(
        name: .customLong("proxy-protocol"),
        help: "Every connection begins with a PROXY protocol header, version 1 or 2.")
    var proxyProtocol = false

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port is \(port); it must be between 0 and 65535.")
        }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together; give both or neither.")
        }
        guard !tlsSelfSigned || tlsCertificate == nil else {
            throw ValidationError("--tls-self-signed makes a certificate of its own; leave --tls-certificate out.")
        }
        guard tlsClientAuthorities == nil || tlsSelfSigned || tlsCertificate != nil else {
            throw ValidationError(
                "--tls-client-ca needs TLS: add --tls-certificate and --tls-key, or --tls-self-signed.")
        }
        if let unixPermissions {
            guard unixSocket != nil else { throw ValidationError("--unix-permissions needs --unix.") }
            guard permissions != nil else {
                throw ValidationError("--unix-permissions is \(unixPermissions); it must be octal, 0 to 777.")
            }
        }
    }

    var isSecure: Bool { tlsSelfSigned || tlsCertificate != nil }

    /// - Throws: `TLSError` when no certificate could be made.
    func address() throws -> ListenAddress {
        var address: ListenAddress =
            if let unixSocket {
                .unixSocket(path: unixSocket, permissions: permissions)
            } else if let descriptor {
                .descriptor(descriptor)
            } else {
                .hostname(host, port: port)
            }
        address.tls = try tls()
        address.proxyProtocol = proxyProtocol
        return address
    }

    var proxies: TrustedProxies { TrustedProxies(trustedProxies, header: forwardedHeader.header) }

    private var permissions: UInt16? {
        unixPermissions.flatMap { UInt16($0, radix: 8) }.flatMap { $0 <= 0o777 ? $0 : nil }
    }

    private func tls() throws -> TLSOptions? {
        var options: TLSOptions
        if let tlsCertificate, let tlsKey {
            options = TLSOptions(certificateFile: tlsCertificate, keyFile: tlsKey)
        } else if tlsSelfSigned {
            var hosts = ["localhost", "127.0.0.1", "::1"]
            if !hosts.contains(host) { hosts.append(host) }
            options = try .selfSigned(hosts: hosts)
        } else {
            return nil
        }
        if let tlsClientAuthorities { options.clientCertificates = .optional(authorities: tlsClientAuthorities) }
        return options
    }
}

enum ForwardedHeader: String, ExpressibleByArgument, CaseIterable {
    case xForwarded = "x-forwarded"
    case forwarded
    case none

    var header: TrustedProxies.Header {
        switch self {
        case .xForwarded: .xForwarded
        case .forwarded: .forwarded
        case .none: .none
        }
    }
}
