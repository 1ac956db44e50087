// Firecrest — each limit of a WebSocket connection, reached through a real socket: close code, sentence, metric.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import NIOHTTP1
import Testing

@Suite struct WebSocketLimitTests {
    private static let head = #"[null,"1","phoenix","heartbeat",""#
    private static let tail = #""]"#

    /// A heartbeat of so many bytes.
    private func message(_ bytes: Int) -> String {
        Self.head + String(repeating: "x", count: bytes - Self.head.utf8.count - Self.tail.utf8.count) + Self.tail
    }

    private func fragments(_ text: String, _ count: Int) -> [RawFrame] {
        let size = (text.utf8.count + count - 1) / count
        return (0..<count).map { index in
            let piece = text.dropFirst(index * size).prefix(size)
            return RawFrame(opcode: index == 0 ? 1 : 0, String(piece), fin: index == count - 1)
        }
    }

    @Test func limit_maxMessageBytes() async throws {
        try await reach(
            { $0.maxMessageBytes = 1_000 }, under: fragments(message(1_000), 2), over: fragments(message(1_001), 2),
            1009,
            "A message is longer than 1000 bytes.", \.protocolErrors)
    }

    @Test func limit_maxFrameBytes() async throws {
        try await reach(
            { $0.maxFrameBytes = 1_000 }, under: [RawFrame(message(1_000))], over: [RawFrame(message(1_001))], 1009,
            "A frame declares 1001 bytes; the limit is 1000.", \.protocolErrors)
    }

    @Test func limit_maxFragments() async throws {
        try await reach(
            { $0.maxFragments = 4 }, under: fragments(message(100), 4), over: fragments(message(100), 5), 1009,
            "A message comes in more than 4 frames.", \.protocolErrors)
    }

    /// Up to 128 KiB the ratio is not looked at.
    @Test func limit_maxInflateRatio() async throws {
        func compressed(_ bytes: Int) -> [RawFrame] {
            let content = Deflater(options: DeflateOptions(level: 9), windowBits: 15)
                .deflate(ByteBuffer(string: message(bytes)), allocator: ByteBufferAllocator())
            return [RawFrame(content, rsv: 4)]
        }
        try await reach(
            {
                $0.compress = true
                $0.maxInflateRatio = 50
            }, under: compressed(Inflater.ratioFloorBytes), over: compressed(Inflater.ratioFloorBytes + 1), 1009,
            "A compressed message inflates to more than 50 times its size.", \.protocolErrors)
    }

    @Test func limit_timeout() async throws {
        try await reach(
            { $0.timeout = .milliseconds(200) }, over: [], 1001, "idle: nothing received for 200 ms; send heartbeats",
            \.idleTimeouts)
    }

    @Test func limit_pingInterval() async throws {
        var websocket = WebSocketOptions()
        websocket.pingInterval = .milliseconds(100)
        try await TestServer.run(socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.connect(server)
            let began = ContinuousClock.now
            guard case .ping = try await client.receive() else { throw TestFailure("a ping was expected") }
            #expect(ContinuousClock.now - began > .milliseconds(50))
            #expect(await server.statistics().pingsSent == 1)
        }
    }

    @Test func limit_pongTimeout() async throws {
        try await reach(
            {
                $0.pingInterval = .milliseconds(100)
                $0.pongTimeout = .milliseconds(200)
            }, over: [], 1001, "no pong: nothing received for 200 ms after a ping; reconnect", \.pongTimeouts)
    }

    @Test func limit_maxOutboundBytes() async throws {
        var websocket = WebSocketOptions()
        websocket.maxOutboundBytes = 10_000
        try await TestServer.run(socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 4_096)
            client.sendWithoutWaiting(ByteBuffer(string: TestClient.upgradeRequest()))
            let ping = RawFrame(opcode: 9, String(repeating: "p", count: 125)).bytes
            client.sendWithoutWaiting(ByteBuffer(repeating: ping, count: 100_000))
            try await server.waitForStatistics("it is too slow", timeout: .seconds(10)) { $0.slowConsumers == 1 }
            try await client.startReading()
            #expect(try await client.receiveAnswer().status == 101)
            let close = try await client.receiveClose()
            #expect(close.code == 1013)
            #expect(close.reason == "slow consumer: more than 10000 bytes waited to be read; reconnect")
        }
    }

    /// What a client that neither answers the close frame nor closes may take.
    @Test func limit_closeTimeout() async throws {
        try await TestServer.run(mount(PausingMount())) { server in
            let client = try await TestClient.connect(server, path: "/pause")
            try await client.sendText("close")
            #expect(try await client.receiveClose().code == 1001)
            try await server.waitForStatistics("the connection is dropped") { $0.webSocketsOpen == 0 }
        }
    }

    @Test func limit_stallTimeout() async throws {
        try await TestServer.run(mount(PausingMount())) { server in
            let client = try await TestClient.connect(server, path: "/pause")
            try await client.sendText("pause")
            let close = try await client.receiveClose()
            #expect(close.code == 1013)
            #expect(close.reason == "overloaded: messages waited 1 s; reconnect")
            #expect(await server.statistics().slowConsumers == 1)
        }
    }

    // MARK: parts

    private func reach(
        _ limit: (inout WebSocketOptions) -> Void, under: [RawFrame] = [], over: [RawFrame], _ code: UInt16,
        _ reason: String, _ metric: KeyPath<LoopStatistics, Int>
    ) async throws {
        var websocket = WebSocketOptions()
        limit(&websocket)
        try await TestServer.run(socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            let headers = websocket.compress.isEnabled ? [("Sec-WebSocket-Extensions", "permessage-deflate")] : []
            if !under.isEmpty {
                let client = try await TestClient.connect(server, headers: headers)
                for frame in under { try await client.sendFrame(frame) }
                #expect(try await client.receiveMessage().status == "ok")
            }
            #expect(await server.statistics()[keyPath: metric] == 0)
            let client = try await TestClient.connect(server, headers: headers)
            for frame in over { client.sendWithoutWaiting(frame.bytes) }
            let close = try await client.receiveClose()
            #expect(close.code == code)
            #expect(close.reason == reason)
            #expect(await server.statistics()[keyPath: metric] == 1)
        }
    }
}

/// Stops reading when it is told to, as a socket does whose channels are full; or closes.
private struct PausingMount: UpgradeMount {
    func claims(path: Substring) -> Bool { path == "/pause" }

    func begin(
        _ request: MountRequest, loop: LoopContext, decide: @escaping (UpgradeDecision) -> Void
    ) -> (() -> Void)? {
        let parameters = WebSocketParameters(
            frameLimits: FrameLimits(), closeTimeout: .milliseconds(500), stallTimeout: .seconds(1))
        decide(.accept(headers: [:], parameters: parameters, session: Session()))
        return nil
    }

    private final class Session: WebSocketSession {
        private var connection: WebSocketConnection?

        func opened(_ connection: WebSocketConnection) { self.connection = connection }

        func received(_ payload: ByteBuffer, kind: MessageKind) {
            if String(buffer: payload) == "pause" {
                connection?.pauseReading()
            } else {
                connection?.close(.goingAway, reason: "")
            }
        }

        func closed(_ end: ConnectionEnd) { connection = nil }
    }
}
