// Firecrest — figures of a process one of whose event loops is blocked
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import NIOConcurrencyHelpers
import Testing

@Suite struct BlockedLoopFiguresTests {
    /// Blocks the first loop that is asked, for as long as `body` takes.
    private static func blocked(_ endpoint: Endpoint, _ body: () async throws -> Void) async throws {
        let (isTaken, isOver) = (NIOLockedValueBox(false), NIOLockedValueBox(false))
        async let done: [Void] = endpoint.onEachLoop {
            let isFirst = isTaken.withLockedValue { taken in
                defer { taken = true }
                return !taken
            }
            // A test that fails ends, too.
            let deadline = ContinuousClock.now + .seconds(20)
            while isFirst, !isOver.withLockedValue({ $0 }), ContinuousClock.now < deadline { usleep(1_000) }
        }
        while !isTaken.withLockedValue({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
        defer { isOver.withLockedValue { $0 = true } }
        try await body()
        isOver.withLockedValue { $0 = true }
        _ = await done
    }

    @Test func bad_43_figures_come_while_a_loop_is_blocked() async throws {
        let metrics = PrometheusRegistry()
        var options = EndpointOptions.test
        options.metrics = metrics
        try await TestServer.run(options: options, share: .alone, socket("/socket", RoomSocket.self)) { server in
            let clients = try await TestClient.crowd(8) { try await TestClient.connect(server) }
            await server.endpoint.publishMetrics()
            #expect(metrics.text().contains("firecrest_loops_unanswered 0\n"))
            #expect(metrics.text().contains("firecrest_websockets_open 8\n"))
            try await Self.blocked(server.endpoint) {
                for _ in 0..<3 {
                    let asked = ContinuousClock.now
                    await server.endpoint.publishMetrics()
                    #expect(ContinuousClock.now - asked < .seconds(5))
                    // What the blocked loop said before still counts.
                    #expect(metrics.text().contains("firecrest_loops_unanswered 1\n"))
                    #expect(metrics.text().contains("firecrest_websockets_open 8\n"))
                }
            }
            for client in clients { try await client.heartbeat() }
            await server.endpoint.publishMetrics()
            #expect(metrics.text().contains("firecrest_loops_unanswered 0\n"))
        }
    }

    @Test func bad_43_behind_a_blocked_loop_every_other_loop_is_heard() async throws {
        var options = EndpointOptions.test
        options.loops = 8
        try await TestServer.run(options: options, share: .alone, socket("/socket", RoomSocket.self)) { server in
            try await Self.blocked(server.endpoint) {
                #expect(await server.endpoint.onEachLoop { true }.count == 7)
            }
        }
    }

    @Test func bad_43_a_question_to_other_nodes_ends_while_the_own_loop_is_blocked() async throws {
        try await TestServer.run(share: .alone, socket("/socket", RoomSocket.self)) { server in
            try await Self.blocked(server.endpoint) {
                let asked = ContinuousClock.now
                let answers = await server.endpoint.askNodes("name", expecting: 1, within: .milliseconds(100))
                #expect(answers.isEmpty && ContinuousClock.now - asked < .seconds(5))
            }
        }
    }
}
