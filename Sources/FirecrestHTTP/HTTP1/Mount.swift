// Firecrest — the seam where the framework takes over a path.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
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
    package let remoteAddress: SocketAddress?

    package init(head: HTTPRequestHead, remoteAddress: SocketAddress?) {
        self.head = head
        self.remoteAddress = remoteAddress
    }

    /// The target up to the `?`.
    package var path: Substring { head.path }
    /// What follows the `?`, without it.
    package var query: Substring { Substring(head.uri.utf8.dropFirst(head.path.utf8.count + 1)) }
}
