// Firecrest — where an endpoint listens.
// SPDX-License-Identifier: Apache-2.0

/// A place to accept connections at, and what they begin with there.
public struct ListenAddress: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case hostname(String, port: Int)
        case unixSocket(path: String, permissions: UInt16?)
        case descriptor(Int32)
        case handedDown(HandedDown)
    }

    package let kind: Kind
    /// `https` and `wss` in place of `http` and `ws`. Defaults to nil: plain text, for a machine of one's own or behind a
    /// proxy that speaks TLS with the clients.
    public var tls: TLSOptions?
    /// Every connection begins with a header that says who the client is (the PROXY protocol, version 1 or 2, of haproxy,
    /// nginx's stream module, and balancers of layer 4). Defaults to false.
    ///
    /// A connection without a header is closed then, and what the header says is believed when the connection comes from
    /// one of `EndpointOptions.trustedProxies`, else ignored.
    public var proxyProtocol = false

    /// A host name or address, and a port; 0 lets the system choose one.
    public static func hostname(_ host: String, port: Int, tls: TLSOptions? = nil) -> ListenAddress {
        ListenAddress(kind: .hostname(host, port: port), tls: tls)
    }

    /// A Unix domain socket. A socket file that is left over there and that nobody listens at is removed.
    ///
    /// - Parameter permissions: the file's, for example `0o660` for a proxy in the same group. nil, the default: what the
    ///   process's umask leaves.
    public static func unixSocket(path: String, permissions: UInt16? = nil, tls: TLSOptions? = nil) -> ListenAddress {
        ListenAddress(kind: .unixSocket(path: path, permissions: permissions), tls: tls)
    }

    /// A listening socket that this process inherited, for example from systemd (descriptor 3) or a supervisor.
    public static func descriptor(_ number: Int32, tls: TLSOptions? = nil) -> ListenAddress {
        ListenAddress(kind: .descriptor(number), tls: tls)
    }

    /// Connections that another process accepts.
    package static func handedDown(_ source: any ConnectionSource, tls: TLSOptions? = nil) -> ListenAddress {
        ListenAddress(kind: .handedDown(HandedDown(source: source)), tls: tls)
    }
}

extension ListenAddress: CustomStringConvertible {
    public var description: String {
        switch kind {
        case .hostname(let host, let port): "\(host):\(port)"
        case .unixSocket(let path, _): "unix:\(path)"
        case .descriptor(let number): "descriptor \(number)"
        case .handedDown(let handedDown): handedDown.source.address
        }
    }
}
