// Firecrest — the events of channels.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol

/// What the events of a channel say about it.
public struct TelemetryChannel: Sendable {
    /// The name of the `Channel` type.
    public let channel: String
    /// The client's.
    public let topic: Topic
    public let joinRef: Ref
    public let transport: String
    /// The name of the `Socket` type.
    public let userSocket: String
    /// `Socket.id`.
    public let socketID: String?
    public let assigns: Assigns
}

/// `phoenix.channel_joined`: `join` has answered, yes or no; the reply is sent next. There is none when it threw.
public struct ChannelJoined: TelemetryEvent {
    public static let name = "phoenix.channel_joined"

    /// How long `join` took.
    public let duration: Duration
    /// The client's, unfiltered.
    public let params: Payload
    public let socket: TelemetryChannel
    public let result: TelemetryResult
}

/// `phoenix.channel_handled_in`: a handler has returned; the reply, if any, is sent next. There is none for `phx_leave`, nor
/// when the handler threw.
public struct ChannelHandledIn: TelemetryEvent {
    public static let name = "phoenix.channel_handled_in"

    /// How long the handler took.
    public let duration: Duration
    public let ref: Ref
    /// The client's.
    public let event: String
    /// The client's, unfiltered.
    public let params: Payload
    public let socket: TelemetryChannel
}
