// Firecrest — tests a socket's channels without a network.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest
internal import Logging
internal import NIOPosix

/// A socket type under test, with as many clients as a test wants.
///
/// Isolation: `Sendable`; use it from any test.
public struct ChannelTest<S: Socket>: Sendable {
    /// The time of all timers of this test.
    public let clock: VirtualClock
    private let endpoint: LoopbackEndpoint
    private let patience: Duration

    /// - Parameters:
    ///   - options: as at a mount.
    ///   - patience: how long an expectation waits, in real time. Defaults to one second.
    /// - Throws: `TopicPatternError` for a channel route that cannot work, `OptionError` for a wrong option.
    public init(_ type: S.Type, options: SocketOptions = S.options, patience: Duration = .seconds(1)) throws {
        var logger = Logger(label: "firecrest.test")
        logger.logLevel = .critical
        endpoint = try LoopbackEndpoint(
            type, options: options, logger: logger, eventLoop: MultiThreadedEventLoopGroup.singleton.any(),
            driver: { VirtualTimerDriver() })
        clock = VirtualClock(endpoint: endpoint)
        self.patience = patience
    }

    /// Connects a client.
    ///
    /// - Parameter session: what a mount with `.session(…)` would find in its cookie.
    /// - Throws: what the socket's `connect` throws.
    public func connect(
        _ params: [String: String] = [:], authToken: String? = nil, session: Session? = nil
    ) async throws -> TestSocket {
        var info = ConnectInfo(transport: "test", authToken: authToken)
        info.session = session
        return try await connect(params, info: info)
    }

    /// Connects a client of which `info` is known, for a `connect` that asks for more: `ConnectInfo(transport: "test")`, with
    /// what a mount would add to it.
    ///
    /// - Throws: what the socket's `connect` throws.
    public func connect(_ params: [String: String] = [:], info: ConnectInfo) async throws -> TestSocket {
        let inbox = Inbox(patience: patience)
        let socket = try await endpoint.connect(
            ConnectParams(params.mapValues { .string($0) }),
            info,
            transport: { RecordingTransport(inbox: inbox) })
        return TestSocket(socket: socket, inbox: inbox)
    }

    /// A broadcast from outside of all channels, as `Endpoint.broadcast`.
    public func broadcast(_ topic: Topic, _ event: String, _ payload: JSON) throws {
        try endpoint.broadcast(topic.name, event, try Payload(payload))
    }

    /// Ends the connections whose socket has this id, as `Endpoint.disconnect`.
    public func disconnect(_ socketID: String) throws {
        try endpoint.broadcast(socketID, "disconnect", .empty)
    }
}
