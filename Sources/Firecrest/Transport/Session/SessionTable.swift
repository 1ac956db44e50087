// Firecrest — the sessions whose home is one loop.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore

/// Isolation: belongs to its loop.
final class SessionTable {
    private var sessions: [SessionID: any RequestedSession] = [:]

    var count: Int { sessions.count }

    func find(_ id: SessionID) -> (any RequestedSession)? { sessions[id] }

    func add(_ session: any RequestedSession, _ id: SessionID) { sessions[id] = session }

    func remove(_ id: SessionID) { sessions[id] = nil }

    /// Those of a mount that no connection stands for.
    func drained(_ group: ObjectIdentifier) -> [any RequestedSession] {
        sessions.values.filter { $0.ownDrainGroup == group }
    }

    func shutDown() {
        for session in sessions.values { session.shutDown() }
    }
}

@available(*, unavailable)
extension SessionTable: Sendable {}
