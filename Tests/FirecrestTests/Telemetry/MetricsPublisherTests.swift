// Firecrest — the loops' counters on their way to swift-metrics
// SPDX-License-Identifier: Apache-2.0

@testable import Firecrest
import FirecrestHTTP
import MetricsTestKit
import NIOCore
import Testing

@Suite("Metrics publisher")
struct MetricsPublisherTests {
    let metrics = TestMetrics()

    private static func statistics(joined: Int, open: Int, roundTrips: Int) -> LoopStatistics {
        var statistics = LoopStatistics()
        statistics.channelsJoined = joined
        statistics.channelsOpen = open
        for _ in 0..<roundTrips { statistics.roundTrips.add(.milliseconds(3)) }
        return statistics
    }

    @Test("counters get what is new, gauges what is, each round trip its class")
    func deltas() throws {
        let publisher = MetricsPublisher(metrics)
        publisher.publish(Self.statistics(joined: 5, open: 5, roundTrips: 2))
        publisher.publish(Self.statistics(joined: 7, open: 1, roundTrips: 3))
        #expect(try metrics.expectCounter("firecrest.channels_joined").values == [5, 2])
        #expect(try metrics.expectMeter("firecrest.channels_open").lastValue == 1)
        #expect(try metrics.expectTimer("firecrest.round_trip").values == [5_000_000, 5_000_000, 5_000_000])
    }

    @Test("figures that come late do not count twice")
    func late() throws {
        let publisher = MetricsPublisher(metrics)
        for joined in [5, 9, 7, 9, 10] {
            publisher.publish(Self.statistics(joined: joined, open: 0, roundTrips: joined))
        }
        #expect(try metrics.expectCounter("firecrest.channels_joined").totalValue == 10)
        #expect(try metrics.expectTimer("firecrest.round_trip").values.count == 10)
    }

    @Test("every figure has a name of its own and an explanation")
    func figures() {
        let figures = LoopStatistics.figures
        #expect(Set(figures.map(\.name)).count == figures.count)
        #expect(figures.allSatisfy { $0.help.hasSuffix(".") })
        // Each counter of the struct is one of them.
        let numbers = Mirror(reflecting: LoopStatistics()).children.filter { $0.value is Int }
        #expect(numbers.count == figures.count)
    }
}
