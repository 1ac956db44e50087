// Firecrest — the client of a request, for the application's routes.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Who sent the request that a route answers. Behind a proxy of `trustedProxies`, the client that it names.
///
/// Hummingbird's own `RemoteAddressRequestContext` knows the connection's other end alone, which is the proxy.
///
/// ```swift
/// router.get("/who") { _, _ in RemoteClient.current?.address ?? "unknown" }
/// ```
public struct RemoteClient: Sendable, Hashable {
    /// nil for a Unix socket.
    public var address: String?
    /// nil for a Unix socket; 0 where a proxy told the address alone.
    public var port: Int?
    /// Whether the client sees `https`.
    public var isSecure: Bool
    /// The client's certificate, DER; nil where there is none or nobody asked for it.
    public var certificate: [UInt8]?

    /// That of the request under way; nil outside of routes.
    @TaskLocal public static var current: RemoteClient?

    public init(address: String?, port: Int?, isSecure: Bool = false, certificate: [UInt8]? = nil) {
        self.address = address
        self.port = port
        self.isSecure = isSecure
        self.certificate = certificate
    }

    init(_ peer: Peer) {
        self.init(
            address: peer.address?.ipAddress, port: peer.address?.port, isSecure: peer.isSecure,
            certificate: peer.certificate)
    }
}
