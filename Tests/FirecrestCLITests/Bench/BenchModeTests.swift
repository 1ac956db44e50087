// Firecrest — every mode against a server that does all right: no errors, and figures that add up
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Glibc
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("bench: modes")
struct BenchModeTests {
    private static func run(
        _ mode: BenchMode, _ change: (inout BenchSettings) -> Void = { _ in }
    ) async throws -> BenchReport {
        try await TestServer.run(share: .alone, socket("/socket", PlaygroundSocket.self)) { server in
            try await BenchSettings.test(mode, url: server.socketURL, change).run(pids: [getpid()])
        }
    }

    @Test("connect: all are joined, and timed")
    func connects() async throws {
        let report = try await Self.run(.connect) {
            $0.connections = 200
            $0.inflight = 50
            $0.seconds = 0
        }
        let counts = report.result.counts
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        #expect(counts.joined == 200 && counts.setUp.count == 200)
        let figures = report.figures.map(\.name)
        for name in ["setup_per_s", "server_cpu_s_per_million", "server_bytes_per_connection_joined"] {
            #expect(figures.contains(name), "\(figures)")
        }
    }

    @Test("idle: each connection sends its heartbeats, and each is answered")
    func beats() async throws {
        let report = try await Self.run(.idle) {
            $0.connections = 20
            $0.heartbeat = 0.25
            $0.seconds = 1
        }
        let counts = report.result.counts
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        // Four of each in a second, and more where joining them took a while.
        #expect((76...160).contains(counts.heartbeats), "\(counts.heartbeats)")
        #expect(counts.heartbeatTimes.count == counts.heartbeats)
    }

    @Test("echo: as many replies as pushes, with one outstanding, with many, and at a rate", arguments: [1, 16, 0])
    func echoes(pipeline: Int) async throws {
        let report = try await Self.run(.echo) {
            $0.pipeline = max(pipeline, 1)
            if pipeline == 0 { $0.rate = 500 }
            $0.seconds = pipeline == 0 ? 1 : 20
            if pipeline > 0 { $0.maxMessages = 500 }
        }
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        let expected = pipeline == 0 ? 500 : 2_000
        #expect(report.result.counts.replies == expected)
        #expect(report.result.counts.replyTimes.count == expected)
        #expect((report.busyPercent ?? 0) > 0)
        // Ended by its messages and not by its time.
        #expect(report.measuredSeconds < 15)
    }

    @Test("fanout: every subscriber gets every broadcast", arguments: [nil, 100.0])
    func fansOut(rate: Double?) async throws {
        let report = try await Self.run(.fanout) {
            $0.connections = 50
            $0.topic = "room:lobby"
            $0.pipeline = 2
            $0.rate = rate
            $0.maxMessages = 50
            $0.seconds = 20
        }
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        #expect(report.result.counts.deliveries == 2_500)
    }

    @Test("hot: each topic has its publisher, and its subscribers get what it says")
    func heats() async throws {
        let report = try await Self.run(.hot) {
            $0.connections = 30
            $0.topics = 4
            $0.rate = 400
            $0.seconds = 1
        }
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        // 400 messages over four topics of seven or eight.
        #expect(report.result.counts.deliveries == 3_000)
    }

    @Test("storm: cycles go all the way, and begin at their times", arguments: [nil, 100.0])
    func storms(rate: Double?) async throws {
        let report = try await Self.run(.storm) {
            $0.connections = 8
            $0.rate = rate
            $0.seconds = 1
        }
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        let cycles = report.result.counts.cycles
        #expect(rate == nil ? cycles > 8 : cycles == 100, "\(cycles)")
        #expect(report.result.counts.cycleTimes.count == cycles)
    }

    @Test("slow readers: the others get all, in order")
    func readsSlowly() async throws {
        let report = try await Self.run(.slowReaders) {
            $0.connections = 5
            $0.slowReaders = 5
            $0.slowBytesPerSecond = 10
            $0.topic = "room:lobby"
            $0.rate = 100
            $0.seconds = 1
        }
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        #expect(report.result.counts.deliveries == 500)
        // Ten bytes a second are no message.
        #expect(report.result.counts.slowDeliveries == 0)
        #expect(report.result.counts.joined == 10)
    }

    @Test("mixed: pushes, broadcasts, heartbeats and cycles beside each other")
    func mixes() async throws {
        let report = try await Self.run(.mixed) {
            $0.connections = 100
            $0.members = 5
            $0.rate = 200
            $0.heartbeat = 0.5
            $0.seconds = 1
        }
        let counts = report.result.counts
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        #expect(counts.replies == 100 && counts.deliveries == 500, "\(counts.replies), \(counts.deliveries)")
        #expect(counts.cycles == 10 && counts.heartbeats > 100, "\(counts.cycles), \(counts.heartbeats)")
    }

    @Test("what a server writes in other bytes is the same message")
    func takesOtherSpellings() throws {
        let payload = LoadPayload(size: 64, seed: 3)
        let stamp = Stamp(sender: 1, number: 2, time: 3)
        var text = ByteBuffer()
        payload.write(stamp, into: &text)
        #expect(text.withUnsafeReadableBytes { payload.read($0) } == stamp)
        let spaced = ByteBuffer(string: String(buffer: text).replacing("{\"d\":", with: "{ \"d\" : "))
        #expect(spaced.withUnsafeReadableBytes { payload.read($0) } == nil)
        #expect(payload.read(json: spaced) == stamp)
        // Any byte of it that is another one is noticed.
        for index in 6..<text.writerIndex - 2 {
            var altered = text
            let byte = altered.getInteger(at: index, as: UInt8.self) ?? 0
            altered.setInteger(byte ^ 1, at: index)
            #expect(altered.withUnsafeReadableBytes { payload.read($0) } == nil, "\(index)")
            #expect(payload.read(json: altered) == nil, "\(index)")
        }
    }
}
