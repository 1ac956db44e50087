// Firecrest — the seam where the framework takes over a path.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import NIOHTTP1

/// A request that a mount has claimed.
package struct UpgradeRequest: Sendable {
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

/// What a mount makes of a request.
package enum UpgradeDecision {
    case refuse(HTTPRefusal)
    /// Go on with this session. `headers` are added to the 101.
    case accept(headers: HTTPHeaders, parameters: WebSocketParameters, session: any WebSocketSession)
}

/// A path at which WebSockets begin. Mounts are tried, in order, before the routes of the application.
package protocol UpgradeMount: Sendable {
    /// Whether this mount answers requests for a path, whatever their method.
    func claims(path: Substring) -> Bool

    /// Decides about a well-formed upgrade request. Called on the connection's loop; so is `decide`, exactly once.
    ///
    /// - Returns: what to call when the client goes away before the decision.
    func begin(
        _ request: UpgradeRequest, loop: LoopContext, decide: @escaping (UpgradeDecision) -> Void
    ) -> (() -> Void)?
}
