// Firecrest — tests: the demo's one timer ticks while somebody watches, and no longer
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import FirecrestCLI

@Suite(.serialized) struct StageTests {
    /// Comes back when `condition` holds; gives up after ten seconds.
    private func eventually(_ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(10)
        while !condition() {
            try #require(ContinuousClock.now < end)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func ticksWhileSomebodyHasASeat() async throws {
        let endpoint = try Demo.endpoint(.test)
        try await TestServer.run(endpoint) { _ in
            let stage = Stage.shared
            for _ in 0..<2 {
                let before = stage.market.prices(since: 0).update
                var seat = stage.market.seats.take()
                #expect(seat != nil)
                try await eventually { stage.market.prices(since: 0).update >= before + 3 }
                #expect(stage.isTicking)
                seat = nil
                try await eventually { !stage.isTicking }
            }
        }
    }

    /// Fails at some of its ticks.
    private final class Stumbling: Act {
        static let ticksPerSecond = 60
        let seats = Seats(limit: 1)
        let fails: @Sendable (Int) -> Bool
        private let counted = NIOLockedValueBox(0)

        var ticks: Int { counted.withLockedValue { $0 } }

        init(fails: @escaping @Sendable (Int) -> Bool) {
            self.fails = fails
        }

        func tick(_ endpoint: Endpoint) throws {
            let tick = counted.withLockedValue { count in
                count += 1
                return count
            }
            if fails(tick) { throw TestFailure("it stumbles") }
        }
    }

    @Test func anActThatFailsIsStartedAgain() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        let endpoint = try Demo.endpoint(options)
        let act = Stumbling { $0 == 2 || $0 == 4 }
        let stage = Stage(acts: [act])
        stage.endpoint.set(endpoint)
        var seat = act.seats.take()
        #expect(seat != nil)
        stage.wake()
        try await eventually { act.ticks >= 8 }
        #expect(stage.isTicking)
        #expect(log.lines.filter { $0.message.hasPrefix("A child ended and is started again") }.count == 2)
        seat = nil
        try await eventually { !stage.isTicking }
    }

    @Test func anActThatFailsForeverRestsUntilSomebodyComes() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        let endpoint = try Demo.endpoint(options)
        let act = Stumbling { _ in true }
        let stage = Stage(acts: [act])
        stage.endpoint.set(endpoint)
        let seat = act.seats.take()
        for round in 1...2 {
            stage.wake()
            try await eventually { !stage.isTicking }
            // The first life and three restarts.
            #expect(act.ticks == 4 * round)
        }
        #expect(log.lines.filter { $0.message.hasPrefix("A supervisor gives up") }.count == 2)
        withExtendedLifetime(seat) {}
    }

    @Test func pricesOfManyUpdatesAreMergedBySymbol() throws {
        let endpoint = try Endpoint { socket("/socket", PlaygroundSocket.self) }
        let market = Market()
        for _ in 0..<100 { try market.tick(endpoint) }
        let all = market.prices(since: 0)
        #expect(all.update == 100)
        #expect(all.prices.count == 200)
        let last = market.prices(since: 99)
        #expect(last.merged == 1)
        #expect((1...20).contains(last.prices.count))
        let news = market.prices(since: 50)
        #expect(news.merged == 50)
        #expect(news.prices.count > last.prices.count)
        for (symbol, price) in news.prices { #expect(all.prices[symbol] == price) }
        #expect(market.prices(since: 100).prices.isEmpty)
    }
}
