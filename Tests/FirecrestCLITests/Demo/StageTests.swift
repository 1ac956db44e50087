// Firecrest — tests: the demo's one timer ticks while somebody watches, and no longer
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
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
        let endpoint = try Demo.endpoint(
            listen: .hostname("127.0.0.1", port: 0), loops: 1,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
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
