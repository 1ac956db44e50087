// Firecrest — what the framework tells those who watch it.
// SPDX-License-Identifier: Apache-2.0

/// Something that happened, with what was measured and what is known about it. The events named `phoenix.…` have the
/// names, measurements and metadata of Phoenix's telemetry; `firecrest.…` are ours.
///
/// They are `EndpointStarted`, `SocketConnected`, `SocketClosed`, `SocketDrain`, `ChannelJoined`, `ChannelHandledIn`; more may be added.
public protocol TelemetryEvent: Sendable {
    /// Stable, for example `phoenix.channel_joined`.
    static var name: String { get }
}

/// Takes the events of an endpoint.
///
/// ```swift
/// struct SlowEvents: TelemetryHandler {
///     func handle(_ event: any TelemetryEvent) {
///         guard let event = event as? ChannelHandledIn, event.duration > .milliseconds(50) else { return }
///         print("slow:", event.event, event.duration)
///     }
/// }
/// ```
public protocol TelemetryHandler: Sendable {
    /// Called in the middle of what it tells about, often on an event loop: it must neither block nor take long. What is
    /// in the event came from clients where it says so; do not make metric labels of it.
    func handle(_ event: any TelemetryEvent)
}

/// How a connect or a join ended.
public enum TelemetryResult: String, Sendable, Hashable {
    case ok, error
}
