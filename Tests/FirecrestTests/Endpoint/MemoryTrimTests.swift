// Firecrest — memory is returned when many connections have gone, and only then.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

struct MemoryTrimTests {
    private func due(_ counts: [Int]) -> [Bool] {
        var trim = MemoryTrim()
        return counts.map { trim.isDue(open: $0) }
    }

    @Test func it_is_due_once_when_most_have_gone_and_no_more_go() {
        #expect(due([15_000, 15_000, 20, 20, 20, 15]) == [false, false, false, true, false, false])
    }

    @Test func it_is_due_after_every_such_time() {
        #expect(due([5_000, 0, 0, 5_000, 0, 0]) == [false, false, true, false, false, true])
    }

    @Test func it_waits_while_connections_come_and_go() {
        #expect(due([15_000, 6_000, 3_000, 1_000, 950]) == [false, false, false, false, true])
    }

    @Test func few_that_go_are_not_worth_it() {
        #expect(due([900, 0, 0]) == [false, false, false])
        #expect(due([15_000, 9_000, 9_000]) == [false, false, false])
    }
}
