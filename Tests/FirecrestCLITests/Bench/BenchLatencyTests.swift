// Firecrest — latency is measured from the intended time, and its histograms merge
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("bench: latency")
struct BenchLatencyTests {
    @Test("a server that stalls once for 200 ms: every message that was due meanwhile was late")
    func correctsCoordinatedOmission() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.mischief = [300: .stall(200)]
        let report = try await FaultyServer.run(behaviour) { server in
            try await BenchSettings.test(.echo, url: server.url) {
                $0.rate = 1_000
                $0.seconds = 1
            }.run()
        }
        let times = report.result.counts.replyTimes
        #expect(report.result.faults.isEmpty, "\(report.result.faults)")
        #expect(times.count == 1_000)
        // 200 of the 1,000 messages were due while the server slept, and waited for its end: from 200 ms down to 0.
        let (late, eighty) = (times.nanoseconds(percentile: 99) ?? 0, times.nanoseconds(percentile: 75) ?? 0)
        #expect(times.max >= 199_000_000)
        #expect(late >= 185_000_000, "\(late)")
        #expect(times.nanoseconds(percentile: 90) ?? 0 >= 95_000_000)
        #expect(eighty < times.nanoseconds(percentile: 90) ?? 0)
    }

    @Test("without a rate the same stall is one slow message in each place")
    func closedLoopWaits() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.mischief = [300: .stall(200)]
        let report = try await FaultyServer.run(behaviour) { server in
            try await BenchSettings.test(.echo, url: server.url) { $0.seconds = 1 }.run()
        }
        let times = report.result.counts.replyTimes
        #expect(times.max >= 199_000_000)
        // At most four of them were outstanding.
        #expect(times.count > 300 && times.nanoseconds(percentile: 98) ?? 0 < 100_000_000)
    }

    @Test("a message that was never answered is lost and not fast: pushes are not sent without end")
    func boundsWhatIsOutstanding() async throws {
        var behaviour = FaultyServer.Behaviour()
        behaviour.mischief = [1: .stall(400)]
        let report = try await FaultyServer.run(behaviour) { server in
            try await BenchSettings.test(.echo, url: server.url) {
                $0.connections = 1
                $0.rate = 100_000
                $0.seconds = 0.3
                $0.patience = 10
            }.run()
        }
        #expect(report.result.faults[.notSent] > 0, "\(report.result.faults)")
        #expect(report.result.faults[.replyLost] == 0)
    }

    @Test("merged histograms are what one would have been")
    func merges() throws {
        var (one, even, odd) = (LatencyDistribution(), LatencyDistribution(), LatencyDistribution())
        for index in 0..<10_000 {
            let value = UInt64(index) * 7_919 * 1_000 + 13
            one.record(value)
            if index % 2 == 0 { even.record(value) } else { odd.record(value) }
        }
        even.merge(odd)
        #expect(even == one && even.count == 10_000)
        #expect(even.nanoseconds(percentile: 99.9) == one.nanoseconds(percentile: 99.9))
        // Through a pipe, too.
        let copy: LatencyDistribution = try Payload(encoding: one).decode()
        #expect(copy == one && copy.max == one.max && copy.mean == one.mean)
    }

    @Test("percentiles of known times, to a thousandth; what is beyond all bounds counts at the bound")
    func percentiles() {
        var times = LatencyDistribution()
        #expect(times.nanoseconds(percentile: 50) == nil && times.mean == nil)
        for milliseconds in (1...1_000).shuffled() { times.record(UInt64(milliseconds) * 1_000_000) }
        for percentile in [50.0, 90, 99, 99.9] {
            let value = times.nanoseconds(percentile: percentile) ?? 0
            #expect(abs(value - percentile * 1e7) <= percentile * 1e4 + 1e3, "\(percentile): \(value)")
        }
        times.record(.max)
        #expect(times.max == LatencyDistribution.longest)
    }
}
