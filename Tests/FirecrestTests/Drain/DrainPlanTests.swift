// Firecrest — tests of a drain's arithmetic.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

@Suite struct DrainPlanTests {
    private func plan(_ total: Int, size: Int = 10, interval: Duration = .milliseconds(100)) -> DrainPlan {
        DrainPlan(total: total, batchSize: size, batchInterval: interval)
    }

    @Test func the_last_batch_is_what_is_left_and_takes_as_long_as_it_needs() {
        let plan = plan(25)
        let batches = Array(plan.batches)
        #expect(plan.rounds == 3)
        #expect(batches.map(\.index) == [1, 2, 3])
        #expect(batches.map(\.count) == [10, 10, 5])
        #expect(batches.map(\.begin) == [.zero, .milliseconds(100), .milliseconds(200)])
        #expect(batches.map(\.length) == [.milliseconds(100), .milliseconds(100), .milliseconds(50)])
        #expect(plan.length == .milliseconds(250))
    }

    @Test func a_multiple_of_the_batch_has_no_empty_round() {
        #expect(plan(20).rounds == 2)
        #expect(plan(20).batches.map(\.count) == [10, 10])
        #expect(plan(1).batches.map(\.count) == [1])
    }

    @Test func nobody_needs_no_batch() {
        #expect(plan(0).rounds == 0)
        #expect(plan(0).batches.map(\.count).isEmpty)
        #expect(plan(0).length == .zero)
    }

    @Test func the_defaults_are_five_thousand_a_second() {
        let plan = plan(12_000, size: DrainOptions().batchSize, interval: DrainOptions().batchInterval)
        #expect(plan.length == .milliseconds(2_400))
        #expect(plan.rounds == 2)
    }

    @Test func loops_share_a_batch_by_what_they_have_and_close_it_whole() {
        #expect(DrainPlan.shares(of: 10, left: [13, 12]) == [5, 5])
        #expect(DrainPlan.shares(of: 10, left: [100, 0]) == [10, 0])
        #expect(DrainPlan.shares(of: 3, left: [1, 1, 1, 1]) == [0, 1, 1, 1])
        #expect(DrainPlan.shares(of: 5, left: [0, 0]) == [0, 0])
        #expect(DrainPlan.shares(of: 9, left: [2, 3]) == [2, 3])
    }

    @Test(arguments: [[7], [1_000, 1], [3, 5, 8, 13, 21], [0, 17, 0, 4]])
    func all_batches_together_close_everything(counts: [Int]) {
        var left = counts
        for batch in plan(counts.reduce(0, +), size: 4).batches {
            let shares = DrainPlan.shares(of: batch.count, left: left)
            #expect(shares.reduce(0, +) == batch.count)
            for index in left.indices { left[index] -= shares[index] }
            #expect(left.allSatisfy { $0 >= 0 })
        }
        #expect(left.allSatisfy { $0 == 0 })
    }
}
