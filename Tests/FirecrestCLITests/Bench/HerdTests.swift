// Firecrest — clients of a herd come back as phoenix.js does, and are counted
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("bench: herd")
struct HerdTests {
    static func settings(_ server: TestServer, _ change: (inout HerdSettings) -> Void = { _ in }) -> HerdSettings {
        var bench = BenchSettings(mode: .idle, url: "ws://127.0.0.1:\(server.port)/socket")
        bench.heartbeat = 0.1
        var settings = HerdSettings(bench: bench, clients: 20)
        settings.seconds = 1.5
        change(&settings)
        return settings
    }

    static func run(
        _ settings: HerdSettings, _ act: @Sendable () async throws -> Void
    ) async throws -> HerdResult {
        let host = LocalHerd()
        try await host.setUpHerd(settings)
        let result = try await host.beginHerd()
        try await act()
        let all = try await result.get()
        await host.close()
        return all
    }

    @Test("clients that nothing happens to stay, and beat")
    func stays() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let result = try await Self.run(Self.settings(server)) {}
            #expect(result.clients == 20)
            #expect(result.slots.count >= 13)
            #expect(result.slots.allSatisfy { $0.joined == 20 && $0.attempts == 0 && $0.closes == 0 })
            #expect(result.notBack == 0)
            #expect(result.allHeartbeats.count > 20)
            let text = HerdSummary.render(result)
            #expect(text.contains("not back      0 of 20"))
        }
    }

    @Test("clients that are cut off with 1001 come back after ten milliseconds and join")
    func comesBack() async throws {
        try await TestServer.run(socket("/socket", HerdSocket.self)) { server in
            let result = try await Self.run(Self.settings(server)) { try server.endpoint.disconnect("herd") }
            #expect(result.closeCodes == ["1001": 20])
            #expect(result.total(\.closes) == 20)
            #expect(result.total(\.attempts) == 20)
            #expect(result.total(\.reconnects) == 20)
            #expect(result.peakAttempts == 20)
            #expect(result.away.count == 20)
            #expect(result.away.nanoseconds(percentile: 1) ?? 0 >= 9_900_000)
            #expect(result.notBack == 0)
            #expect(HerdReport(result).away?.count == 20)
        }
    }

    @Test("a server that is gone is tried again and again; whoever is not back is counted")
    func notBack() async throws {
        try await TestServer.run(socket("/socket", HerdSocket.self)) { server in
            let result = try await Self.run(Self.settings(server)) { try await server.shutDown() }
            #expect(result.closeCodes == ["1012": 20])
            #expect(result.notBack == 20)
            // 10, 50, 100, 150, 200, 250, 500 ms: seven tries in 1.3 s.
            #expect((80...160).contains(result.total(\.refused)))
            #expect(result.total(\.attempts) == result.total(\.refused))
        }
    }

    @Test("a join that is refused is asked for again after a second")
    func rejoins() async throws {
        var options = EndpointOptions.test
        options.loops = 1
        options.joinRate = RateLimit(perSecond: 2, burst: 1)
        options.maxWaitingJoins = 1
        try await TestServer.run(options: options, socket("/socket", HerdSocket.self)) { server in
            let settings = Self.settings(server) {
                $0.clients = 4
                $0.bench.inflight = 1
                $0.seconds = 5
            }
            let result = try await Self.run(settings) {
                try server.endpoint.disconnect("herd")
            }
            #expect(result.total(\.joinsRefused) > 0)
            #expect(result.notBack == 0)
            #expect(result.away.max >= 1_000_000_000)
        }
    }

    @Test("tries follow phoenix.js to the millisecond, or firecrest.js anywhere up to the step")
    func backoff() {
        var random = SplitMix64(seed: 7)
        let phoenix = (1...11).map { HerdBackoff.phoenix.reconnect($0, &random) / 1_000_000 }
        #expect(phoenix == [10, 50, 100, 150, 200, 250, 500, 1_000, 2_000, 5_000, 5_000])
        #expect(
            (1...5).map { HerdBackoff.phoenix.rejoin($0, &random) / 1_000_000 } == [
                1_000, 2_000, 5_000, 10_000, 10_000,
            ])
        let firecrest = (0..<1_000).map { _ in HerdBackoff.firecrest.reconnect(1, &random) }
        #expect(firecrest.allSatisfy { $0 < 500_000_000 })
        #expect(firecrest.min() ?? .max < 20_000_000 && firecrest.max() ?? 0 > 480_000_000)
        #expect(
            (0..<100).allSatisfy { _ in
                (1_000_000_000...2_000_000_000).contains(HerdBackoff.firecrest.rejoin(1, &random))
            })
    }

    @Test("results of several processes add up")
    func merges() {
        var one = HerdResult(clients: 2, slots: [HerdSlot(joined: 2, attempts: 3), HerdSlot(joined: 1)])
        var two = HerdResult(clients: 3, slots: [HerdSlot(joined: 3, attempts: 4)])
        two.closeCodes = ["1012": 1]
        one.merge(two)
        #expect(one.clients == 5)
        #expect(one.slots == [HerdSlot(joined: 5, attempts: 7), HerdSlot(joined: 1)])
        #expect(one.peakAttempts == 7)
        #expect(one.closeCodes == ["1012": 1])
    }
}

/// All its clients have one id.
private struct HerdSocket: Socket {
    static let channels = Channels { channel("room:*", RoomChannel.self) }
    static func id(_ assigns: Assigns) -> String? { "herd" }
}
