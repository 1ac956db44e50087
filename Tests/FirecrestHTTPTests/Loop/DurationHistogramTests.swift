// Firecrest — tests of the classes that durations are counted in.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import NIOCore
import Testing

@Suite struct DurationHistogramTests {
    @Test func a_duration_falls_into_the_first_class_that_holds_it() {
        var histogram = DurationHistogram()
        for nanoseconds in [0, 1_000_000, 1_000_001, 10_000_000_000, 10_000_000_001] as [Int64] {
            histogram.add(.nanoseconds(nanoseconds))
        }
        #expect(histogram.counts == [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
        #expect(histogram.count == 5)
        #expect(histogram.nanoseconds == 20_002_000_002)
    }

    @Test func loops_add_up() {
        var (one, other) = (DurationHistogram(), DurationHistogram())
        one.add(.milliseconds(2))
        other.add(.milliseconds(3))
        other.add(.seconds(20))
        one += other
        #expect(one.counts[1] == 2)
        #expect(one.count == 3)
        #expect(one.nanoseconds == 20_005_000_000)
    }
}
