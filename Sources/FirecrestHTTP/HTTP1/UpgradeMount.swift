// Firecrest — a path at which WebSockets begin.
// SPDX-License-Identifier: Apache-2.0

package import NIOHTTP1

/// What a mount makes of a request.
package enum UpgradeDecision {
    case refuse(HTTPRefusal)
    /// Go on with this session. `headers` are added to the 101.
    case accept(headers: HTTPHeaders, parameters: WebSocketParameters, session: any WebSocketSession)
}

/// A path at which WebSockets begin.
package protocol UpgradeMount: Sendable {
    /// Whether this mount answers requests for a path, whatever their method.
    func claims(path: Substring) -> Bool

    /// Decides about a well-formed upgrade request. Called on the connection's loop; so is `decide`, exactly once.
    ///
    /// - Returns: what to call when the client goes away before the decision.
    func begin(
        _ request: MountRequest, loop: LoopContext, decide: @escaping (UpgradeDecision) -> Void
    ) -> (() -> Void)?
}
