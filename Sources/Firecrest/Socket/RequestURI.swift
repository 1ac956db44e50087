// Firecrest — the URI that a client asked for.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOHTTP1

/// The URI of the request that a connection began with.
public struct RequestURI: Sendable, Hashable {
    /// `http` or `https`, never `ws`, as in Phoenix.
    public var scheme: String
    /// From the `Host` header, without a port and without the brackets of an IPv6 address. Empty when it names no host.
    public var host: String
    /// From the `Host` header, else the scheme's own.
    public var port: Int
    /// As it was sent, with its percent signs.
    public var path: String
    /// What follows the `?`, as it was sent: it may hold tokens, so keep it out of logs. Empty when there is none.
    public var query: String

    public init(scheme: String, host: String, port: Int, path: String, query: String = "") {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.query = query
    }

    /// The one place that knows how a request reached this server.
    init(_ request: MountRequest) {
        let scheme = request.client.isSecure ? "https" : "http"
        let authority = request.head.headers.first(name: "host").flatMap { URIAuthority($0[...]) }
        self.init(
            scheme: scheme, host: authority?.host ?? "",
            port: authority?.port ?? URIAuthority.defaultPorts[scheme] ?? 0,
            path: String(request.path), query: String(request.query))
    }
}
