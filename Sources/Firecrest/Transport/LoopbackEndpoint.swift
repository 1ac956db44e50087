// Firecrest — sockets without a network: what FirecrestTesting stands on.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestHTTP
package import FirecrestProtocol
internal import FirecrestPubSub
package import Logging
internal import NIOConcurrencyHelpers
package import NIOCore

/// One event loop with a socket type on it, and no listener. Everything above the transport is the real thing.
///
/// Isolation: `Sendable`; each call crosses to the loop.
package final class LoopbackEndpoint: Sendable {
    package let eventLoop: any EventLoop
    private let loop: NIOLoopBoundBox<EndpointLoop>
    private let pubSub: PubSub
    private let definition: SocketDefinition
    private let sessions = NIOLockedValueBox<[NIOLoopBound<SocketSession>]>([])

    /// - Parameter driver: makes the loop's clock; called here, once.
    /// - Throws: `TopicPatternError` for a channel route that cannot work.
    package init<S: Socket>(
        _ type: S.Type, options: SocketOptions, logger: Logger, eventLoop: any EventLoop,
        driver: @Sendable () -> sending any TimerDriver
    ) throws {
        try options.check(mount: "the test")
        var serializers = SerializerTable(MessageLimits())
        let telemetry = Telemetry(EndpointOptions())
        let choice = try serializers.choice(options.serializers, mount: "the test")
        let usage = SerializerUsage(serializers: serializers.serializers.count)
        let interest = InterestFilter()
        self.eventLoop = eventLoop
        loop = .makeBoxSendingValue(
            EndpointLoop(
                index: 0, eventLoop: eventLoop, interest: interest, usage: usage, driver: driver()),
            eventLoop: eventLoop)
        pubSub = PubSub(
            node: "test", serializers: serializers.serializers, usage: usage,
            loops: [(EndpointLoops.Port(loop: loop), interest)])
        definition = SocketDefinition(
            routes: try S.channels.compiled(telemetry), serializers: choice, options: options, pubSub: pubSub,
            logger: logger,
            behavior: SocketBehavior(S.self), maxTopicBytes: MessageLimits().maxTopicBytes, telemetry: telemetry)
    }

    /// Runs the socket's `connect` and attaches a transport.
    ///
    /// - Parameter transport: made on the loop.
    /// - Throws: what `connect` throws.
    package func connect(
        _ params: ConnectParams, _ info: ConnectInfo, transport: @escaping @Sendable () -> any SocketTransport
    ) async throws -> LoopbackSocket {
        let identity = try await definition.connect(params, info, serializerIndex: nil, trace: nil)
        let (loop, definition) = (loop, definition)
        let session = try await eventLoop.submit {
            let session = SocketSession(
                definition: definition, loop: loop.value, identity: identity,
                serializerIndex: definition.serializers.index(firstByte: nil))
            session.attach(transport())
            return NIOLoopBound(session, eventLoop: loop.eventLoop)
        }.get()
        sessions.withLockedValue { $0.append(session) }
        return LoopbackSocket(endpoint: self, session: session)
    }

    /// Clients that a test has left connected go with it.
    deinit {
        for session in sessions.withLockedValue({ $0 }) {
            session.eventLoop.execute { session.value.transportClosed(.closed) }
        }
    }

    package func broadcast(_ topic: String, _ event: String, _ payload: Payload) throws {
        try pubSub.broadcast(topic: topic, event: event, payload: payload)
    }

    /// Runs `body` on the loop, with its timers.
    package func withTimers<T: Sendable>(_ body: @escaping @Sendable (LoopTimers) -> T) async throws -> T {
        let loop = loop
        return try await eventLoop.submit { body(loop.value.context.timers) }.get()
    }
}

/// A socket of a `LoopbackEndpoint`, which it keeps alive.
package struct LoopbackSocket: Sendable {
    let endpoint: LoopbackEndpoint
    let session: NIOLoopBound<SocketSession>

    /// A frame from the client.
    package func receive(_ frame: ByteBuffer, kind: FrameKind) {
        let session = session
        session.eventLoop.execute { session.value.receive(frame, kind: kind) }
    }

    /// The client has gone.
    package func close() {
        let session = session
        session.eventLoop.execute { session.value.transportClosed(.closed) }
    }
}
