// Firecrest — from a connection's other end and a request's headers to the client.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// `TrustedProxies`, ready for use. Made when the endpoint is made.
package struct ProxyTrust: Sendable {
    private let ranges: [AddressRange]
    private let trustsUnixSockets: Bool
    private let header: TrustedProxies.Header
    /// Nearly always: nothing is looked at then.
    private let trustsNobody: Bool

    package static let nobody = ProxyTrust([])

    package init(_ proxies: TrustedProxies) {
        ranges = proxies.addresses.compactMap(AddressRange.init)
        trustsUnixSockets = proxies.addresses.contains(TrustedProxies.unix)
        header = proxies.header
        trustsNobody = proxies.addresses.isEmpty
    }

    /// Whether the other end is one of our proxies. nil: a Unix socket, or nothing that has an address.
    func includes(_ address: SocketAddress?) -> Bool {
        guard !trustsNobody else { return false }
        guard let address, let number = IPAddress(address) else { return trustsUnixSockets }
        return ranges.contains { $0.contains(number) }
    }

    /// The client that a request comes from.
    ///
    /// - Parameter peer: the connection's other end.
    func client(of head: HTTPRequestHead, from peer: Peer) -> Peer {
        guard header != .none, includes(peer.address) else { return peer }
        let hops = header == .forwarded ? ForwardedHop.forwarded(head.headers) : ForwardedHop.xForwarded(head.headers)
        var client = peer
        client.isBehindProxy = true
        // Each hop was written by the one behind it. The first that none of ours has written is where belief ends.
        for hop in hops.reversed() {
            if let isSecure = hop.isSecure { client.isSecure = isSecure }
            guard let address = hop.address else { break }
            client.address = address
            guard includes(address) else { break }
        }
        if client.address != peer.address { client.certificate = nil }
        return client
    }
}
