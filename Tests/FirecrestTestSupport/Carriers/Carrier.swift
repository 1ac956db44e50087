// Firecrest — what carries the messages of a test's client.
// SPDX-License-Identifier: Apache-2.0

/// The ways to a socket that a client may take.
package enum Carrier: String, Sendable, Hashable, CaseIterable {
    /// One connection, both ways.
    case webSocket
    /// GETs that wait for messages on one connection, POSTs with the client's on another (section 5 of the notes).
    case longPoll
    /// A response that does not end on one connection, POSTs as above on another.
    case eventStream

    /// Of the transport, below the socket's mount.
    package var path: String {
        switch self {
        case .webSocket: "/websocket"
        case .longPoll: "/longpoll"
        case .eventStream: "/sse"
        }
    }

    /// Whether the server's bytes of a close, its code and reason, reach the client.
    package var hasCloseCodes: Bool { self != .longPoll }
}
