// Firecrest — tests of responses that do not end.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import NIOHTTP1
import Testing

@Suite struct StreamConnectionTests {
    @Test func the_body_goes_on_until_the_connection_ends() async throws {
        try await serve { server, streams in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await client.receiveText(through: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\ncontent-type: text/test\r\n"))
            #expect(head.contains("connection: close\r\n"))
            #expect(!head.lowercased().contains("transfer-encoding") && !head.lowercased().contains("content-length"))
            let stream = try await streams.next()
            stream.send("one ")
            stream.send("two ")
            stream.close(last: "three")
            #expect(String(buffer: try await client.receiveRest()) == "one two three")
            try await server.waitForStatistics("the stream is counted no more") {
                $0.streamsOpen == 0 && $0.connectionsOpen == 0
            }
            let statistics = await server.statistics()
            #expect(statistics.eventsSent == 2)
            #expect(statistics.streamBytesSent == head.utf8.count + "one two three".utf8.count)
        }
    }

    @Test func what_a_client_says_behind_its_request_is_dropped() async throws {
        try await serve { server, streams in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await client.receiveText(through: "\r\n\r\n")
            let stream = try await streams.next()
            try await client.sendBytes(String(repeating: "x", count: 100_000))
            stream.close(last: "end")
            #expect(String(buffer: try await client.receiveRest()) == "end")
        }
    }

    @Test func a_quiet_stream_gets_its_heartbeat() async throws {
        try await serve(heartbeat: .milliseconds(50)) { server, streams in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await client.receiveText(through: "\r\n\r\n")
            #expect(String(buffer: try await client.receiveBytes(6)) == ":\n:\n:\n")
        }
    }

    @Test func the_session_hears_that_its_client_has_gone() async throws {
        try await serve { server, streams in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            let stream = try await streams.next()
            client.drop()
            try await stream.ended.wait(for: "the end of the session")
            try await server.waitForStatistics("the connection is counted no more") { $0.connectionsOpen == 0 }
        }
    }

    @Test func a_client_that_does_not_read_is_closed_at_the_limit() async throws {
        try await serve { server, streams in
            let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 4_096)
            try await client.sendBytes("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            let stream = try await streams.next()
            let piece = String(repeating: "x", count: 64_000)
            // The kernel takes some megabytes before anything waits here.
            for _ in 0..<400 where !stream.ended.isSet { stream.send(piece) }
            try await server.waitForStatistics("the stream is closed as too slow") { $0.slowConsumers == 1 }
            try await stream.ended.wait(for: "the end of the session", timeout: .seconds(10))
        }
    }

    @Test func a_server_that_stops_lets_the_session_say_so() async throws {
        try await serve { server, streams in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await client.receiveText(through: "\r\n\r\n")
            _ = try await streams.next()
            try await server.shutDown()
            #expect(String(buffer: try await client.receiveRest()) == "bye")
        }
    }

    private func serve(
        heartbeat: TimeAmount? = nil, _ body: @escaping (TestServer, StreamMount) async throws -> Void
    ) async throws {
        let streams = StreamMount(heartbeat: heartbeat)
        try await TestServer.run(mount(streams)) { server in try await body(server, streams) }
    }
}

/// `/stream` opens a stream that the test writes to.
private final class StreamMount: ExchangeMount {
    private let parameters: StreamParameters
    private let opened = AsyncStream<HeldStream>.makeStream()

    init(heartbeat: TimeAmount?) {
        var outbound = OutboundLimits()
        outbound.maxBytes = 200_000
        parameters = StreamParameters(
            outbound: outbound, heartbeatInterval: heartbeat, heartbeat: ByteBuffer(string: ":\n"),
            closeTimeout: .seconds(1))
    }

    var maxBodyBytes: Int { 0 }

    func claims(path: Substring) -> Bool { path == "/stream" }

    func answer(_ exchange: HTTPExchange, body: ByteBuffer, loop: LoopContext) {
        let continuation = opened.continuation
        exchange.stream(
            headers: ["content-type": "text/test"], parameters: parameters,
            session: TestSession { continuation.yield($0) })
    }

    func next() async throws -> HeldStream {
        for await stream in opened.stream { return stream }
        throw TestFailure("the mount is gone")
    }
}

private final class TestSession: StreamSession {
    private let onOpen: (HeldStream) -> Void
    private let ended = Signal()
    private var connection: StreamConnection?

    init(onOpen: @escaping (HeldStream) -> Void) { self.onOpen = onOpen }

    func opened(_ connection: StreamConnection) {
        self.connection = connection
        onOpen(HeldStream(connection: NIOLoopBound(connection, eventLoop: connection.loop.eventLoop), ended: ended))
    }

    func shutDown() { connection?.close(.serviceRestart, last: ByteBuffer(string: "bye")) }

    func closed(_ end: ConnectionEnd) {
        connection = nil
        ended.set()
    }
}

/// A stream as a test can hold it.
private struct HeldStream: Sendable {
    let connection: NIOLoopBound<StreamConnection>
    let ended: Signal

    func send(_ text: String) {
        connection.eventLoop.execute { [connection] in connection.value.send(ByteBuffer(string: text)) }
    }

    func close(last text: String) {
        connection.eventLoop.execute { [connection] in
            connection.value.close(.goingAway, last: ByteBuffer(string: text))
        }
    }
}
