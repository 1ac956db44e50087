// Firecrest — which proxies are believed about the clients behind them.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The proxies in front of this server, and how they tell it who the client is.
///
/// Everybody can write what they like into `X-Forwarded-For` or a PROXY protocol header, so neither is read unless the
/// connection comes from one of these addresses. Then the client's address and scheme, as the proxy says them, take the
/// place of the proxy's own everywhere: in `ConnectInfo`, in origin checks, in limits per address, in routes.
///
/// ```swift
/// options.trustedProxies = ["127.0.0.1", "10.0.0.0/8"]
/// options.trustedProxies = .init(["unix"], header: .forwarded)
/// ```
public struct TrustedProxies: Sendable, ExpressibleByArrayLiteral {
    /// The header that the proxies set. Only that one is read: a proxy that sets one lets the client's others through.
    public enum Header: String, Sendable, CaseIterable {
        /// `X-Forwarded-For` and `X-Forwarded-Proto`, as nginx, haproxy, Envoy, Caddy and cloud balancers set them.
        case xForwarded
        /// `Forwarded` (RFC 7239), of which `for` and `proto` are read.
        case forwarded
        /// Neither: the proxies speak the PROXY protocol (`ListenAddress.proxyProtocol`) and pass headers as they came.
        case none
    }

    /// Addresses (`127.0.0.1`, `::1`), ranges (`10.0.0.0/8`), and `unix` for whoever connects to a Unix socket. Another
    /// text is an `OptionError` when the endpoint is made.
    public var addresses: [String]
    /// Defaults to `xForwarded`.
    public var header: Header

    public init(_ addresses: [String], header: Header = .xForwarded) {
        self.addresses = addresses
        self.header = header
    }

    public init(arrayLiteral elements: String...) {
        self.init(elements)
    }

    static let unix = "unix"

    /// The first entry that is neither an address, a range nor `unix`.
    package var malformedAddress: String? {
        addresses.first { $0 != Self.unix && AddressRange($0) == nil }
    }
}
