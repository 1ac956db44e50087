// Firecrest — the client at the other end of a connection.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore

/// Who is at the other end of the connection; behind a proxy of `EndpointOptions.trustedProxies`, who it says the client is.
public struct PeerData: Sendable, Hashable {
    /// nil for a Unix socket.
    public var address: String?
    /// nil for a Unix socket; 0 where a proxy told the address alone.
    public var port: Int?
    /// The client's certificate, DER; nil without TLS, where the listener does not ask for one
    /// (`TLSOptions.clientCertificates`), and behind a proxy.
    public var certificate: [UInt8]?

    public init(address: String?, port: Int?, certificate: [UInt8]? = nil) {
        self.address = address
        self.port = port
        self.certificate = certificate
    }

    init(_ client: Peer) {
        self.init(
            address: client.address?.ipAddress, port: client.address?.port, certificate: client.certificate)
    }
}
