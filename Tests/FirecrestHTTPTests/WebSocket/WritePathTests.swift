// Firecrest — tests of the ways by which frames reach a socket: directly, through the channel, out of the queue.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import NIOHTTP1
import Testing

@Suite struct WritePathTests {
    @Test(arguments: 0..<6 as Range<UInt64>)
    func messages_come_in_order_whichever_way_they_leave(seed: UInt64) async throws {
        try await TestServer.run(mount(NumberingMount())) { server in
            let client = try await TestClient.connect(server, path: "/numbers")
            try await expectNumbers(client, seed: seed)
        }
    }

    /// The kernel's buffers fill, the channel's and the queue of what waits behind it too; later they are empty again.
    @Test(arguments: 6..<12 as Range<UInt64>)
    func messages_come_in_order_to_a_client_that_reads_late(seed: UInt64) async throws {
        try await TestServer.run(mount(NumberingMount())) { server in
            let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 4_096)
            try await client.sendBytes(TestClient.upgradeRequest("/numbers"))
            try await client.sendText("\(seed)")
            try await server.waitForStatistics("everything is queued") { $0.framesSent == NumberingMount.count }
            try await client.startReading()
            _ = try await client.receiveText(through: "\r\n\r\n")
            for number in 0..<NumberingMount.count { try #require(try await client.receiveNumber() == number) }
            try await expectNumbers(client, seed: seed + 100)
        }
    }

    /// What is written must not go past TLS.
    @Test func what_stands_before_http_sees_every_byte() async throws {
        let seen = Counter()
        var options = EndpointOptions.test
        options.prelude = { channel in
            try channel.pipeline.syncOperations.addHandler(OutboundCounter(seen))
        }
        try await TestServer.run(options: options, mount(NumberingMount())) { server in
            let client = try await TestClient.connect(server, path: "/numbers")
            let before = seen.value
            try await expectNumbers(client, seed: 1)
            let sent = await server.statistics().bytesSent
            #expect(seen.value - before == sent)
        }
    }

    /// Its number may be another connection's a moment later.
    @Test func what_is_queued_when_a_connection_is_dropped_is_not_written() async throws {
        try await TestServer.run(mount(NumberingMount())) { server in
            let client = try await TestClient.connect(server, path: "/numbers")
            try await client.sendText("drop")
            #expect(try await client.receive() == .eof)
        }
    }

    private func expectNumbers(_ client: TestClient, seed: UInt64) async throws {
        try await client.sendText("\(seed)")
        for number in 0..<NumberingMount.count { try #require(try await client.receiveNumber() == number) }
    }
}

extension TestClient {
    /// The number that a message begins with; the rest of it must be there.
    fileprivate func receiveNumber() async throws -> Int {
        let text = try await receiveText()
        let parts = text.utf8.split(separator: UInt8(ascii: " "), maxSplits: 2).map { String(Substring($0)) }
        guard parts.count == 3, let number = Int(parts[0]), Int(parts[1]) == parts[2].utf8.count else {
            throw TestFailure("a number, a length and so many bytes were expected, not \(text.prefix(40))…")
        }
        return number
    }
}

/// Answers a seed with numbered messages of all lengths, by every way there is, a few in each tick.
private struct NumberingMount: UpgradeMount {
    static let count = 1_500

    func claims(path: Substring) -> Bool { path == "/numbers" }

    func begin(
        _ request: MountRequest, loop: LoopContext, decide: @escaping (UpgradeDecision) -> Void
    ) -> (() -> Void)? {
        var outbound = OutboundLimits()
        outbound.maxBytes = 256 << 20
        let parameters = WebSocketParameters(frameLimits: FrameLimits(), outbound: outbound)
        decide(.accept(headers: [:], parameters: parameters, session: Session(loop)))
        return nil
    }

    private final class Session: WebSocketSession {
        private let loop: LoopContext
        private var connection: WebSocketConnection?
        private var random = SeededGenerator(seed: 0)
        private var number = 0

        init(_ loop: LoopContext) {
            self.loop = loop
        }

        func opened(_ connection: WebSocketConnection) { self.connection = connection }
        func closed(_ end: ConnectionEnd) { connection = nil }

        func received(_ payload: ByteBuffer, kind: MessageKind) {
            guard let seed = UInt64(String(buffer: payload)) else {
                connection?.send(ByteBuffer(string: "never seen"), opcode: .text)
                connection?.drop()
                return
            }
            random = SeededGenerator(seed: seed)
            number = 0
            sendSome()
        }

        private func sendSome() {
            guard let connection else { return }
            for _ in 0..<Int.random(in: 1...20, using: &random) where number < NumberingMount.count {
                send(message(length()), connection)
                number += 1
            }
            if number < NumberingMount.count { loop.nextTick { self.sendSome() } }
        }

        /// Most messages are short.
        private func length() -> Int {
            switch Int.random(in: 0..<40, using: &random) {
            case 0: Int.random(in: 4_000...5_000, using: &random)
            case 1: Int.random(in: 16_384...40_000, using: &random)
            case 2...6: Int.random(in: 900...2_100, using: &random)
            default: Int.random(in: 1...200, using: &random)
            }
        }

        private func message(_ length: Int) -> ByteBuffer {
            ByteBuffer(string: "\(number) \(length) " + String(repeating: "x", count: length))
        }

        private func send(_ message: ByteBuffer, _ connection: WebSocketConnection) {
            let frame = FrameEncoder.frame(opcode: .text, payload: message, allocator: ByteBufferAllocator())
            switch Int.random(in: 0..<4, using: &random) {
            case 0: connection.send(message, opcode: .text)
            case 1: connection.send(frame: frame)
            case 2: connection.send(frames: frame, count: 1)
            default:
                connection.send(frameSize: frame.readableBytes) { buffer in
                    buffer.writeImmutableBuffer(frame)
                    return true
                }
            }
        }
    }
}

private final class OutboundCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let seen: Counter

    init(_ seen: Counter) {
        self.seen = seen
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        seen.add(unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
    }
}
