// Firecrest — the event of connections that are sent away.
// SPDX-License-Identifier: Apache-2.0

public import Logging

/// `phoenix.socket_drain`: a batch of connections is closed next, as the endpoint shuts down. Once for each batch; there is
/// none where a mount has no connection, or no drainer.
///
/// Phoenix counts channels here, and one round too many where `total` is a multiple of the batch; here connections are
/// counted, whether or not they have a channel, and rounds are those that there are.
public struct SocketDrain: TelemetryEvent {
    public static let name = "phoenix.socket_drain"

    /// Connections of this batch.
    public let count: Int
    /// Connections of the mount when the drain began.
    public let total: Int
    /// This batch, counted from 1.
    public let index: Int
    /// Batches in all.
    public let rounds: Int
    /// `EndpointOptions.nodeName`.
    public let endpoint: String
    /// The name of the `Socket` type.
    public let socket: String
    /// `DrainOptions.batchInterval`.
    public let interval: Duration
    /// The level of the log line.
    public let log: Logger.Level
}
