// Firecrest — what the tests of bad input have in common: a server, a neighbour, and the close frame that must come.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

/// Runs `body` against a server with a neighbour on it: another client, joined, that must not notice anything.
func attack(
    _ websocket: WebSocketOptions = true, longpoll: LongPollOptions = false, sse: EventStreamOptions = false,
    shortpoll: ShortPollOptions = false, options: EndpointOptions = .test,
    socketOptions: SocketOptions = RoomSocket.options, share: ServerShare = .shared,
    _ body: (TestServer) async throws -> Void
) async throws {
    try await TestServer.run(
        options: options, share: share,
        socket(
            "/socket", RoomSocket.self, websocket: websocket, longpoll: longpoll, sse: sse, shortpoll: shortpoll,
            options: socketOptions)
    ) { server in
        let neighbour = try await TestClient.connect(server)
        #expect(try await neighbour.join("room:1").status == "ok")
        try await body(server)
        #expect(try await neighbour.heartbeat().status == "ok")
    }
}

/// The same with a hundred bystanders, whose heartbeats must be answered in time throughout.
func attackAmongBystanders(
    _ websocket: WebSocketOptions = true, longpoll: LongPollOptions = false, sse: EventStreamOptions = false,
    shortpoll: ShortPollOptions = false, options: EndpointOptions = .test,
    socketOptions: SocketOptions = RoomSocket.options, _ body: (TestServer) async throws -> Void
) async throws {
    try await attack(
        websocket, longpoll: longpoll, sse: sse, shortpoll: shortpoll, options: options, socketOptions: socketOptions,
        share: .alone
    ) { server in
        let report = try await Bystanders.watch(server) { try await body(server) }
        #expect(report.lost == 0, "\(report)")
        #expect(report.heartbeats >= 100, "\(report)")
        #expect(report.p99 < Bystanders.bound, "\(report)")
    }
}

/// Sends frames on a new connection and returns the close frame that answers them.
func close(
    _ server: TestServer, after frames: RawFrame...
) async throws -> (code: UInt16?, reason: String) {
    let client = try await TestClient.connect(server)
    for frame in frames { client.sendWithoutWaiting(frame.bytes) }
    let close = try await client.receiveClose()
    // The stream ends behind the close frame, in order.
    #expect(try await client.receive() == .eof)
    return close
}

/// As `close`, for a close frame that a session sent: the server then waits for the answer, which is given here.
func closeOfSession(
    _ server: TestServer, after frames: RawFrame...
) async throws -> (code: UInt16?, reason: String) {
    let client = try await TestClient.connect(server)
    for frame in frames { client.sendWithoutWaiting(frame.bytes) }
    let close = try await client.receiveClose()
    try await client.close(close.code)
    #expect(try await client.receive() == .eof)
    return close
}

extension ByteBuffer {
    /// `count` times `bytes`.
    init(repeating bytes: ByteBuffer, count: Int) {
        self.init()
        reserveCapacity(bytes.readableBytes * count)
        for _ in 0..<count { writeImmutableBuffer(bytes) }
    }
}
