// Firecrest — what the hub counts, as the workers know it and as /metrics shows it
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import NIOCore
import Testing

@testable import FirecrestWorkers

@Suite struct HubFiguresTests {
    @Test func every_figure_survives_its_frame() {
        var statistics = HubStatistics()
        for (index, figure) in HubStatistics.figures.enumerated() { statistics[keyPath: figure.value] = index + 1 }
        for (index, code) in HubError.Code.allCases.enumerated() { statistics.dropped[code] = 100 + index }
        #expect(HubStatistics(numbers: statistics.numbers) == statistics)
        #expect(HubStatistics(numbers: HubStatistics().numbers) == HubStatistics())
        var frame = ByteBuffer()
        HubFrame.writeFigures(statistics, to: &frame)
        // Within the smallest limit that may be set.
        #expect(frame.readableBytes < 1_024)
    }

    @Test func names_are_those_of_other_figures_and_no_two_are_the_same() {
        let names =
            HubStatistics.figures.map(\.fullName) + HubAdapterStatistics.figures.map(\.fullName)
            + [HubStatistics.linksDropped]
        #expect(Set(names).count == names.count)
        for name in names { #expect(name.hasPrefix("firecrest_hub_")) }
    }

    @Test func a_page_has_each_figure_with_its_head_and_drops_by_reason() {
        var statistics = HubStatistics()
        statistics.recordsLost = 7
        statistics.dropped = [.garbage: 2, .wrongVersion: 1]
        let text = statistics.text
        for (name, kind, value) in [("records_left_out_total", "counter", 7), ("queued_bytes", "gauge", 0)] {
            #expect(text.contains("# TYPE firecrest_hub_\(name) \(kind)\nfirecrest_hub_\(name) \(value)\n"))
        }
        #expect(
            text.hasSuffix(
                """
                # TYPE firecrest_hub_links_dropped_total counter
                firecrest_hub_links_dropped_total{code="hub_garbage"} 2
                firecrest_hub_links_dropped_total{code="hub_wrong_version"} 1

                """))
        #expect(HubAdapterStatistics().text.contains("firecrest_hub_broadcasts_refused_total 0\n"))
    }

    @Test func workers_know_within_seconds_what_the_hub_has_counted() async throws {
        try await HubWorld.run { world in
            let (there, here) = (try await world.connect(0), try await world.connect(1))
            for number in 0..<5 { try there.publish("\(number)") }
            #expect(try await here.receive(5).count == 5)
            let intruder = try await world.open()
            intruder.sendWithoutWaiting(ByteBuffer(string: "nonsense"))
            try await intruder.waitForClose()
            for worker in [there, here] {
                try await worker.wait("the hub's figures") {
                    guard let figures = $0.adapter.hubStatistics else { return false }
                    return figures.dropped == [.garbage: 1] && figures.recordsForwarded == 5 && figures.workers == 2
                }
            }
            // They are no records.
            #expect(here.received.count == 5 && here.adapter.statistics.recordsReceived == 5)
            await world.hub.stop()
            try await here.wait("the loss of the link") { $0.adapter.hubStatistics == nil }
        }
    }
}
