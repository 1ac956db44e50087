// Firecrest — the events of connections.
// SPDX-License-Identifier: Apache-2.0

public import Logging

/// `phoenix.socket_connected`: `connect` and `id` have answered, yes or no.
///
/// There is none when the request was refused before (origin, version), nor when `connect` threw something other than
/// `ConnectError`.
public struct SocketConnected: TelemetryEvent {
    public static let name = "phoenix.socket_connected"

    /// How long `connect` and `id` took.
    public let duration: Duration
    /// `EndpointOptions.nodeName`.
    public let endpoint: String
    /// `websocket`.
    public let transport: String
    /// The client's, unfiltered.
    public let params: ConnectParams
    public let connectInfo: ConnectInfo
    /// The protocol version that the client named; `1.0.0`, Phoenix's default, when it named none.
    public let vsn: String
    /// The name of the `Socket` type.
    public let userSocket: String
    /// `Socket.log`.
    public let log: Logger.Level?
    public let result: TelemetryResult
    /// The name of the serializer; nil when the client's first frame will decide.
    public let serializer: String?
}

/// `firecrest.socket_refreshed`: `refresh` has answered, yes or no, to a fresh token of a client; the reply is sent next.
///
/// There is none when `refresh` threw something other than `ConnectError`.
public struct SocketRefreshed: TelemetryEvent {
    public static let name = "firecrest.socket_refreshed"

    /// How long `refresh`, `id` and `grant` took.
    public let duration: Duration
    public let transport: String
    /// The name of the `Socket` type.
    public let userSocket: String
    /// `Socket.id`.
    public let socketID: String?
    public let result: TelemetryResult
}

/// `firecrest.socket_closed`: a connection that had been accepted is gone.
public struct SocketClosed: TelemetryEvent {
    public static let name = "firecrest.socket_closed"

    public let transport: String
    /// The name of the `Socket` type.
    public let userSocket: String
    /// `Socket.id`.
    public let socketID: String?
    /// Channels that ended with it.
    public let channels: Int
    public let reason: TerminateReason
}
