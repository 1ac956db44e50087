// Firecrest — the ways that are compared.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A way for news to reach a client, in the order in which they came to be.
enum Way: String, CaseIterable, Sendable, ExpressibleByArgument {
    case shortPoll = "short_poll"
    case longPoll = "long_poll"
    /// The one-way form: `EventSource`.
    case eventStream = "sse"
    case webSocket = "websocket"

    var name: String {
        switch self {
        case .shortPoll: "Short polling"
        case .longPoll: "Long polling"
        case .eventStream: "Server-sent events"
        case .webSocket: "WebSocket"
        }
    }

    /// Its place in the lists and among the ports.
    var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// Connections that one client may have open at a time.
    var connectionsPerClient: Int {
        // A push does not wait for the poll that is held.
        self == .longPoll ? 2 : 1
    }
}
