// Firecrest — durations as a log shows them (row 274)
// SPDX-License-Identifier: Apache-2.0

@testable import Firecrest
import Testing

@Suite struct DurationLogTests {
    @Test(
        "whole milliseconds above 1,000 µs, microseconds otherwise",
        arguments: [
            (Duration.microseconds(1_500), "1ms"), (.microseconds(900), "900µs"), (.microseconds(1_000), "1000µs"),
            (.microseconds(1_001), "1ms"), (.zero, "0µs"), (.nanoseconds(999), "0µs"), (.seconds(2), "2000ms"),
        ])
    func phx_274_duration(duration: Duration, text: String) {
        #expect(duration.forLog == text)
    }
}
