// Firecrest — several processes count what one would
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Glibc
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("bench: processes")
struct BenchWorkerTests {
    /// The program lies beside the tests.
    static func program() throws -> String {
        guard let tests = realpath("/proc/self/exe", nil) else { throw TestFailure("no path to the tests") }
        defer { free(tests) }
        return String(cString: tests).split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/firecrest"
    }

    private static func run(
        processes: Int, _ mode: BenchMode, _ change: @Sendable (inout BenchSettings) -> Void
    ) async throws -> BenchReport {
        let program = try program()
        return try await TestServer.run(share: .alone, socket("/socket", PlaygroundSocket.self)) { server in
            let settings = BenchSettings.test(mode, url: server.socketURL) {
                $0.processes = processes
                change(&$0)
            }
            var session = BenchSession(settings: settings)
            session.makeHost = { settings in
                if settings.processes > 1 { return try await ProcessHost(settings, program: program) }
                return try await LocalHost(settings)
            }
            return try await session.run()
        }
    }

    @Test("three processes and one: the same messages, the same counts", arguments: [BenchMode.echo, .hot])
    func countsAlike(mode: BenchMode) async throws {
        let change: @Sendable (inout BenchSettings) -> Void = {
            $0.connections = 30
            $0.topics = 3
            $0.rate = 600
            $0.seconds = 1
        }
        let (one, three) = (
            try await Self.run(processes: 1, mode, change), try await Self.run(processes: 3, mode, change)
        )
        for report in [one, three] {
            #expect(report.result.faults.isEmpty, "\(report.result.faults)")
            #expect(report.result.counts.joined == 30)
            #expect(report.result.counts.setUp.count == 30)
        }
        let (first, second) = (one.result.counts, three.result.counts)
        #expect(first.replies == second.replies && first.deliveries == second.deliveries)
        #expect(first.replyTimes.count == second.replyTimes.count)
        #expect(first.deliveryTimes.count == second.deliveryTimes.count)
        #expect(first.replies + first.deliveries == (mode == .echo ? 600 : 6_000))
    }

    @Test("what one process publishes and another's connection never gets is lost")
    func findsWhatIsLostBetween() async throws {
        let program = try Self.program()
        var behaviour = FaultyServer.Behaviour()
        // The tenth broadcast to the last of four, which is not in the publisher's process.
        behaviour.mischief = [40: .drop]
        let report = try await FaultyServer.run(behaviour) { server in
            let settings = BenchSettings.test(.fanout, url: server.url) {
                $0.processes = 2
                $0.topic = "room:lobby"
                $0.rate = 100
                $0.maxMessages = 10
                $0.seconds = 0.5
                $0.patience = 0.5
            }
            var session = BenchSession(settings: settings)
            session.makeHost = { try await ProcessHost($0, program: program) }
            return try await session.run()
        }
        #expect(report.result.faults.counts == [.broadcastLost: 1], "\(report.result.faults)")
    }

    @Test("a process that ends before it is done is an error that says so")
    func noticesTheEnd() async throws {
        let settings = BenchSettings.test(.echo, url: "ws://127.0.0.1:1/socket") { $0.processes = 2 }
        let host = try await ProcessHost(settings, program: "/bin/true")
        await #expect(throws: BenchError.self) { try await host.setUp() }
        await host.close()
    }
}
