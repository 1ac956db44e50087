// Firecrest — the other end of a connection.
// SPDX-License-Identifier: Apache-2.0

/// Who is at the other end of the connection, a proxy perhaps.
public struct PeerData: Sendable, Hashable {
    /// nil for a Unix socket.
    public var address: String?
    /// nil for a Unix socket.
    public var port: Int?
    /// The client's certificate, DER; nil without TLS.
    public var certificate: [UInt8]?

    public init(address: String?, port: Int?, certificate: [UInt8]? = nil) {
        self.address = address
        self.port = port
        self.certificate = certificate
    }
}
