// Firecrest — the seam where the framework takes over a path.
// SPDX-License-Identifier: Apache-2.0

package import NIOHTTP1

/// What answers at a path in place of the application's routes. Mounts are tried in order.
package enum Mount: Sendable {
    /// WebSockets begin here.
    case upgrade(any UpgradeMount)
    /// Requests are answered here, at once, later or without end.
    case exchange(any ExchangeMount)

    /// Whether this mount answers requests for a path, whatever their method.
    func claims(path: Substring) -> Bool {
        switch self {
        case .upgrade(let mount): mount.claims(path: path)
        case .exchange(let mount): mount.claims(path: path)
        }
    }
}

/// A request that a mount has claimed.
package struct MountRequest: Sendable {
    package let head: HTTPRequestHead
    /// The client, behind whatever proxies we trust.
    package let client: Peer

    package init(head: HTTPRequestHead, client: Peer) {
        self.head = head
        self.client = client
    }

    /// Whether the connection is a proxy's, as far as anything says so. It need not be one of ours: nobody is believed more
    /// for it.
    var isProxied: Bool {
        client.isBehindProxy || Self.proxyHeaders.contains { head.headers.contains(name: $0) }
    }

    private static let proxyHeaders = ["x-forwarded-for", "forwarded", "via"]

    /// The target up to the `?`.
    package var path: Substring { head.path }
    /// What follows the `?`, without it.
    package var query: Substring { Substring(head.uri.utf8.dropFirst(head.path.utf8.count + 1)) }
}
