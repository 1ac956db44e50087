// Firecrest — one wrong message in 100,000 is found, and called by its name
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import FirecrestWire
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("bench: verification")
struct BenchVerificationTests {
    /// Each kind once, among the first 100,000.
    private static let mischief: [Int: Mischief] = [
        20_011: .drop, 40_022: .double, 60_033: .swap, 80_044: .corrupt,
    ]

    @Test("of 100,000 replies one is lost, one doubled, one out of order, one altered: each is found")
    func findsReplies() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.mischief = Self.mischief
        let report = try await FaultyServer.run(behaviour) { server in
            // Ends by the number of messages: the server's misdeeds are all among the first 100,000.
            try await BenchSettings.test(.echo, url: server.url) {
                $0.connections = 2
                $0.pipeline = 1_000
                $0.maxMessages = 50_000
                $0.seconds = 30
            }.run()
        }
        let faults = report.result.faults
        #expect(report.result.counts.replies >= 99_990)
        #expect(
            faults.counts == [.replyLost: 1, .replyDoubled: 1, .replyReordered: 1, .replyAltered: 1], "\(faults)")
        #expect(faults.examples[.replyDoubled]?.contains("on connection") == true)
    }

    @Test("of 100,000 deliveries one is lost, one doubled, one out of order, one altered: each is found")
    func findsBroadcasts() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.mischief = Self.mischief
        let report = try await FaultyServer.run(behaviour) { server in
            try await BenchSettings.test(.fanout, url: server.url) {
                $0.connections = 100
                $0.topic = "room:lobby"
                $0.pipeline = 50
                $0.maxMessages = 1_000
                $0.seconds = 30
            }.run()
        }
        let faults = report.result.faults
        #expect(report.result.counts.deliveries >= 99_990)
        #expect(
            faults.counts == [
                .broadcastLost: 1, .broadcastDoubled: 1, .broadcastReordered: 1, .broadcastAltered: 1,
            ], "\(faults)")
    }

    @Test("the last message of all is missed too, when nothing comes after it")
    func findsTheLast() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.mischief = [40: .drop]
        let report = try await FaultyServer.run(behaviour) { server in
            try await BenchSettings.test(.fanout, url: server.url) {
                $0.topic = "room:lobby"
                $0.maxMessages = 10
                $0.seconds = 0.5
                $0.patience = 0.3
            }.run()
        }
        #expect(report.result.faults.counts == [.broadcastLost: 1], "\(report.result.faults)")
        #expect(report.result.counts.deliveries == 39)
    }

    @Test("frames that break RFC 6455, and connections that are cut, are told")
    func findsFrames() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.mischief = [100: .badFrame, 200: .hangUp]
        let report = try await FaultyServer.run(behaviour) { server in
            try await BenchSettings.test(.echo, url: server.url) { $0.maxMessages = 200 }.run()
        }
        let faults = report.result.faults
        #expect(faults[.frame] == 1 && faults[.dropped] == 1, "\(faults)")
        #expect(faults.examples[.frame]?.contains("frame_reserved_bits") == true, "\(faults)")
    }

    @Test("a refused handshake is told with the server's status and words")
    func tellsRefusals() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nno entry"
        let report = try await FaultyServer.run(behaviour) { try await BenchSettings.test(.echo, url: $0.url).run() }
        #expect(report.result.faults.counts == [.handshakeFailed: 4])
        let example = report.result.faults.examples[.handshakeFailed] ?? ""
        #expect(example.contains("403 Forbidden") && example.contains("no entry"), "\(example)")
        #expect(report.result.counts.replies == 0)
    }

    @Test("an accept that does not answer the key is no handshake")
    func checksTheAccept() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.wrongAccept = true
        let report = try await FaultyServer.run(behaviour) { try await BenchSettings.test(.echo, url: $0.url).run() }
        #expect(report.result.faults.counts == [.handshakeFailed: 4])
        #expect(report.result.faults.examples[.handshakeFailed]?.contains("Sec-WebSocket-Accept") == true)
    }

    @Test("an answer is known by every byte of it but the accept value, which must answer the key")
    func knowsAnswers() throws {
        let keys = ["dGhlIHNhbXBsZSBub25jZQ==", "x3JJHMbDL1EzLkh9GBhXDw=="]
        func head(_ key: String, date: String = "1") -> ByteBuffer {
            ByteBuffer(
                string: "HTTP/1.1 101 S\r\nDate: \(date)\r\nAccept: \(WebSocketHandshake.accept(forKey: key))\r\n\r\n")
        }
        let known = try #require(KnownAnswer(head(keys[0]), key: keys[0]))
        #expect(known.rest(of: head(keys[1]), key: keys[1])?.readableBytes == 0)
        var more = head(keys[1])
        more.writeString("frames")
        #expect(known.rest(of: more, key: keys[1]) == ByteBuffer(string: "frames"))
        #expect(known.rest(of: head(keys[0]), key: keys[1]) == nil)
        #expect(known.rest(of: head(keys[1], date: "2"), key: keys[1]) == nil)
        #expect(known.rest(of: ByteBuffer(string: "HTTP/1.1 101"), key: keys[1]) == nil)
        #expect(KnownAnswer(head(keys[0]), key: keys[1]) == nil)
    }

    @Test("a refused join is told")
    func tellsRefusedJoins() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.joinStatus = "error"
        let report = try await FaultyServer.run(behaviour) { try await BenchSettings.test(.idle, url: $0.url).run() }
        #expect(report.result.faults.counts == [.joinRefused: 4])
    }

    @Test("nobody listens: the first sentence says so, and that is the end")
    func tellsRefusedConnections() async throws {
        let report = try await ServerGate.enter(.shared) {
            try await BenchSettings.test(.echo, url: "ws://127.0.0.1:1/socket") { $0.connections = 1_000 }.run()
        }
        #expect(report.result.faults[.connectFailed] > 0)
        #expect(report.result.faults[.connectFailed] < 1_000)
        #expect(report.result.faults.examples[.connectFailed]?.contains("connection refused") == true)
    }
}
