// Firecrest — which workers are started, replaced and ended, and when: in a time of the test's own.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Testing

@testable import FirecrestWorkers

struct FleetPlanTests {
    /// A plan, the time, and who has which life.
    private struct Fleet {
        var plan: FleetPlan
        var now = ContinuousClock.now
        let limits: WorkersLimits

        init(_ count: Int, _ change: (inout WorkersLimits) -> Void = { _ in }) {
            var limits = WorkersLimits()
            change(&limits)
            self.limits = limits
            plan = FleetPlan(count: count, limits: limits)
        }

        mutating func tell(_ event: FleetPlan.Event) -> [FleetPlan.Action] { plan.handle(event, now: now) }

        mutating func wait(_ duration: Duration) -> [FleetPlan.Action] {
            now += duration
            return tell(.tick)
        }

        /// All workers of the first lives are there and serve.
        mutating func begin() {
            for case .start(let id) in tell(.begin) { #expect(tell(.ready(id)).isEmpty) }
        }
    }

    private func worker(_ slot: Int, _ life: Int) -> WorkerID { WorkerID(slot: slot, life: life) }

    @Test func every_slot_gets_a_worker() {
        var fleet = Fleet(3)
        #expect(fleet.tell(.begin) == [.start(worker(0, 1)), .start(worker(1, 2)), .start(worker(2, 3))])
        #expect(!fleet.plan.serves(worker(1, 2)))
        #expect(fleet.tell(.ready(worker(1, 2))).isEmpty)
        #expect(fleet.plan.serves(worker(1, 2)))
    }

    // MARK: restarts

    @Test func one_that_ends_is_started_again_at_once() {
        var fleet = Fleet(2)
        fleet.begin()
        #expect(fleet.tell(.ended(worker(0, 1), "was killed")) == [.start(worker(0, 3))])
        #expect(!fleet.plan.serves(worker(0, 1)))
        #expect(fleet.plan.serves(worker(1, 2)))
    }

    @Test func short_lives_in_a_row_delay_the_next_start_by_twice_as_much_each_time() {
        var fleet = Fleet(1)
        fleet.begin()
        var life = 1
        for delay in [Duration.zero, .milliseconds(100), .milliseconds(200), .milliseconds(400)] {
            let actions = fleet.tell(.ended(worker(0, life), "crashed"))
            life += 1
            if delay == .zero {
                #expect(actions == [.start(worker(0, life))])
            } else {
                #expect(actions.isEmpty)
                #expect(fleet.plan.deadline == fleet.now + delay)
                #expect(fleet.wait(delay - .milliseconds(1)).isEmpty)
                #expect(fleet.wait(.milliseconds(1)) == [.start(worker(0, life))])
            }
            _ = fleet.tell(.ready(worker(0, life)))
        }
        // A long life makes up for it.
        _ = fleet.wait(.seconds(11))
        #expect(fleet.tell(.ended(worker(0, life), "crashed")) == [.start(worker(0, life + 1))])
    }

    @Test func the_delay_has_an_end() {
        #expect(WorkersLimits().delay(afterShortLives: 1) == .zero)
        #expect(WorkersLimits().delay(afterShortLives: 7) == .milliseconds(3_200))
        #expect(WorkersLimits().delay(afterShortLives: 8) == .seconds(5))
        #expect(WorkersLimits().delay(afterShortLives: .max) == .seconds(5))
    }

    @Test func too_many_restarts_end_everything_with_an_error() {
        var fleet = Fleet(2) { $0.restarts = RestartIntensity(2, in: .seconds(10)) }
        fleet.begin()
        _ = fleet.wait(.seconds(20))
        #expect(fleet.tell(.ended(worker(0, 1), "crashed")) == [.start(worker(0, 3))])
        _ = fleet.tell(.ready(worker(0, 3)))
        #expect(fleet.tell(.ended(worker(1, 2), "crashed")) == [.start(worker(1, 4))])
        _ = fleet.tell(.ready(worker(1, 4)))
        #expect(fleet.tell(.ended(worker(0, 3), "crashed with SIGTRAP")) == [.drain(worker(1, 4))])
        let actions = fleet.tell(.ended(worker(1, 4), "ended"))
        guard case .finish(let error?) = actions.first else {
            Issue.record("it should have given up, and did \(actions)")
            return
        }
        #expect(error.code == "too_many_restarts")
        #expect(error.description.contains("crashed with SIGTRAP"))
    }

    @Test func restarts_of_long_ago_do_not_count() {
        var fleet = Fleet(1) { $0.restarts = RestartIntensity(1, in: .seconds(10)) }
        fleet.begin()
        for life in 1...5 {
            _ = fleet.wait(.seconds(11))
            #expect(fleet.tell(.ended(worker(0, life), "crashed")) == [.start(worker(0, life + 1))])
            _ = fleet.tell(.ready(worker(0, life + 1)))
        }
    }

    @Test func when_the_first_workers_cannot_start_there_is_no_second_try() {
        var fleet = Fleet(2)
        _ = fleet.tell(.begin)
        #expect(fleet.tell(.ended(worker(0, 1), "ended with exit code 1")) == [.drain(worker(1, 2))])
        guard case .finish(let error?) = fleet.tell(.ended(worker(1, 2), "ended")).first else {
            Issue.record("it should have given up")
            return
        }
        #expect(error.code == "worker_does_not_start")
    }

    @Test func one_that_does_not_become_ready_in_time_is_killed_and_started_again() {
        var fleet = Fleet(2)
        fleet.begin()
        _ = fleet.tell(.ended(worker(0, 1), "crashed"))
        #expect(fleet.wait(fleet.limits.startTimeout) == [.kill(worker(0, 3))])
        #expect(fleet.wait(.seconds(1)).isEmpty)
        #expect(fleet.tell(.ended(worker(0, 3), "was killed")).isEmpty)
        #expect(fleet.wait(.milliseconds(100)) == [.start(worker(0, 4))])
    }

    // MARK: replacements

    @Test func all_are_replaced_one_after_the_other_each_when_the_next_is_ready() {
        var fleet = Fleet(2)
        fleet.begin()
        #expect(fleet.tell(.replaceAll) == [.start(worker(0, 3))])
        #expect(fleet.plan.serves(worker(0, 1)))
        #expect(fleet.tell(.ready(worker(0, 3))) == [.drain(worker(0, 1))])
        #expect(fleet.plan.serves(worker(0, 3)) && !fleet.plan.serves(worker(0, 1)))
        #expect(fleet.wait(.seconds(5)).isEmpty)
        #expect(fleet.tell(.ended(worker(0, 1), "ended")) == [.start(worker(1, 4))])
        #expect(fleet.tell(.ready(worker(1, 4))) == [.drain(worker(1, 2))])
        #expect(fleet.tell(.ended(worker(1, 2), "ended")).isEmpty)
        // And again.
        #expect(fleet.tell(.replaceAll) == [.start(worker(0, 5))])
    }

    @Test func limit_workersReplacementTries() {
        var fleet = Fleet(2) { $0.replacementTries = 3 }
        fleet.begin()
        #expect(fleet.tell(.replaceAll) == [.start(worker(0, 3))])
        // Tried again, later each time, and then left alone: the old ones serve.
        #expect(fleet.tell(.ended(worker(0, 3), "ended with exit code 1")) == [.start(worker(0, 4))])
        #expect(fleet.tell(.ended(worker(0, 4), "ended with exit code 1")).isEmpty)
        #expect(fleet.plan.deadline == fleet.now + .milliseconds(100))
        #expect(fleet.wait(.milliseconds(100)) == [.start(worker(0, 5))])
        let how = "ended with exit code 1"
        #expect(fleet.tell(.ended(worker(0, 5), how)) == [.keepOld(worker(0, 1), how)])
        #expect(fleet.plan.serves(worker(0, 1)) && fleet.plan.serves(worker(1, 2)))
        #expect(fleet.wait(.seconds(60)).isEmpty)
        // What is asked anew is tried anew.
        #expect(fleet.tell(.replaceAll) == [.start(worker(0, 6))])
        #expect(fleet.tell(.ended(worker(0, 6), how)) == [.start(worker(0, 7))])
        #expect(fleet.tell(.ready(worker(0, 7))) == [.drain(worker(0, 1))])
    }

    @Test func a_replacement_that_dies_once_is_tried_again_and_the_others_follow() {
        var fleet = Fleet(2)
        fleet.begin()
        _ = fleet.tell(.replaceAll)
        #expect(fleet.tell(.ended(worker(0, 3), "was killed")) == [.start(worker(0, 4))])
        #expect(fleet.tell(.ready(worker(0, 4))) == [.drain(worker(0, 1))])
        #expect(fleet.tell(.ended(worker(0, 1), "ended")) == [.start(worker(1, 5))])
    }

    @Test func a_replacement_that_takes_too_long_is_killed_and_tried_again() {
        var fleet = Fleet(1)
        fleet.begin()
        _ = fleet.tell(.replaceAll)
        #expect(fleet.wait(fleet.limits.startTimeout) == [.kill(worker(0, 2))])
        #expect(fleet.tell(.ended(worker(0, 2), "was killed")) == [.start(worker(0, 3))])
    }

    @Test func what_is_left_of_the_budget_is_not_spent_on_replacements_of_workers_that_serve() {
        var fleet = Fleet(2) { $0.restarts = RestartIntensity(1, in: .seconds(60)) }
        fleet.begin()
        _ = fleet.tell(.replaceAll)
        #expect(fleet.tell(.ended(worker(0, 3), "crashed")) == [.start(worker(0, 4))])
        #expect(fleet.tell(.ended(worker(0, 4), "crashed")) == [.keepOld(worker(0, 1), "crashed")])
        #expect(fleet.plan.serves(worker(0, 1)) && fleet.plan.serves(worker(1, 2)))
    }

    @Test func a_second_request_while_a_replacement_waits_for_its_next_try_does_not_hurry_it() {
        var fleet = Fleet(1)
        fleet.begin()
        _ = fleet.tell(.replaceAll)
        _ = fleet.tell(.ended(worker(0, 2), "crashed"))
        #expect(fleet.tell(.ended(worker(0, 3), "crashed")).isEmpty)
        #expect(fleet.tell(.replaceAll).isEmpty)
        #expect(fleet.tell(.stuck(worker(0, 1))).isEmpty)
        #expect(fleet.wait(.milliseconds(100)) == [.start(worker(0, 4))])
    }

    @Test func replacing_goes_on_when_an_old_worker_dies_meanwhile() {
        var fleet = Fleet(2)
        fleet.begin()
        _ = fleet.tell(.replaceAll)
        _ = fleet.tell(.ended(worker(0, 1), "crashed"))
        #expect(fleet.tell(.ready(worker(0, 3))) == [.start(worker(1, 4))])
        #expect(fleet.plan.serves(worker(0, 3)))
    }

    @Test func a_second_request_while_workers_are_replaced_changes_those_that_were_changed_already() {
        var fleet = Fleet(2)
        fleet.begin()
        _ = fleet.tell(.replaceAll)
        _ = fleet.tell(.ready(worker(0, 3)))
        _ = fleet.tell(.ended(worker(0, 1), "ended"))
        #expect(fleet.tell(.replaceAll).isEmpty)
        _ = fleet.tell(.ready(worker(1, 4)))
        #expect(fleet.tell(.ended(worker(1, 2), "ended")) == [.start(worker(0, 5))])
    }

    @Test func an_old_worker_that_does_not_end_is_killed() {
        var fleet = Fleet(1)
        fleet.begin()
        _ = fleet.tell(.replaceAll)
        #expect(fleet.tell(.ready(worker(0, 2))) == [.drain(worker(0, 1))])
        #expect(fleet.wait(fleet.limits.stopTimeout) == [.kill(worker(0, 1))])
        #expect(fleet.wait(.seconds(60)).isEmpty)
    }

    @Test func one_whose_loop_is_stuck_is_replaced_and_asked_once() {
        var fleet = Fleet(2)
        fleet.begin()
        #expect(fleet.tell(.stuck(worker(1, 2))) == [.start(worker(1, 3))])
        #expect(!fleet.plan.serves(worker(1, 2)))
        #expect(fleet.tell(.stuck(worker(1, 2))).isEmpty)
        #expect(fleet.tell(.ready(worker(1, 3))) == [.drain(worker(1, 2))])
        #expect(fleet.wait(fleet.limits.stopTimeout) == [.kill(worker(1, 2))])
        #expect(fleet.tell(.ended(worker(1, 2), "was killed")).isEmpty)
    }

    @Test func the_replacement_of_a_stuck_one_is_tried_again_and_again_later_each_time() {
        var fleet = Fleet(2) { $0.replacementTries = 1 }
        fleet.begin()
        _ = fleet.wait(.seconds(60))
        #expect(fleet.tell(.stuck(worker(1, 2))) == [.start(worker(1, 3))])
        #expect(fleet.tell(.ended(worker(1, 3), "crashed")) == [.start(worker(1, 4))])
        for (life, milliseconds) in [(4, 100), (5, 200), (6, 400)] {
            #expect(fleet.tell(.ended(worker(1, life), "crashed")).isEmpty)
            #expect(fleet.wait(.milliseconds(milliseconds - 1)).isEmpty)
            #expect(fleet.wait(.milliseconds(1)) == [.start(worker(1, life + 1))])
        }
        #expect(fleet.tell(.ready(worker(1, 7))) == [.drain(worker(1, 2))])
    }

    @Test func too_many_replacements_of_a_stuck_one_end_everything_with_an_error() {
        var fleet = Fleet(1) { $0.restarts = RestartIntensity(1, in: .seconds(60)) }
        fleet.begin()
        _ = fleet.tell(.stuck(worker(0, 1)))
        #expect(fleet.tell(.ended(worker(0, 2), "crashed")) == [.start(worker(0, 3))])
        #expect(fleet.tell(.ended(worker(0, 3), "crashed")) == [.drain(worker(0, 1))])
        guard case .finish(let error?) = fleet.tell(.ended(worker(0, 1), "ended")).first else {
            Issue.record("it should have given up")
            return
        }
        #expect(error.code == "too_many_restarts")
    }

    @Test func a_stuck_one_that_ends_while_its_replacement_waits_for_its_next_try_is_started_again() {
        var fleet = Fleet(1)
        fleet.begin()
        _ = fleet.wait(.seconds(60))
        _ = fleet.tell(.stuck(worker(0, 1)))
        _ = fleet.tell(.ended(worker(0, 2), "crashed"))
        _ = fleet.tell(.ended(worker(0, 3), "crashed"))
        #expect(fleet.tell(.ended(worker(0, 1), "was killed")) == [.start(worker(0, 4))])
        #expect(fleet.wait(.seconds(60)) == [.kill(worker(0, 4))])
    }

    @Test func one_that_stops_at_once_again_and_again_is_started_later_each_time() {
        var fleet = Fleet(1) { $0.restarts = RestartIntensity(3, in: .seconds(60)) }
        fleet.begin()
        #expect(fleet.tell(.stopping(worker(0, 1))) == [.drain(worker(0, 1)), .start(worker(0, 2))])
        _ = fleet.tell(.ready(worker(0, 2)))
        #expect(fleet.tell(.stopping(worker(0, 2))) == [.drain(worker(0, 2))])
        #expect(fleet.wait(.milliseconds(100)) == [.start(worker(0, 3))])
        _ = fleet.tell(.ready(worker(0, 3)))
        #expect(fleet.tell(.stopping(worker(0, 3))) == [.drain(worker(0, 3))])
        #expect(fleet.wait(.milliseconds(200)) == [.start(worker(0, 4))])
        #expect(fleet.tell(.stopping(worker(0, 4))) == [.drain(worker(0, 4))])
        for life in 1...3 { #expect(fleet.tell(.ended(worker(0, life), "ended")).isEmpty) }
        guard case .finish(let error?) = fleet.tell(.ended(worker(0, 4), "ended")).first else {
            Issue.record("it should have given up")
            return
        }
        #expect(error.code == "too_many_restarts")
    }

    @Test func one_that_stops_of_its_own_accord_gets_a_successor_at_once() {
        var fleet = Fleet(1)
        fleet.begin()
        #expect(fleet.tell(.stopping(worker(0, 1))) == [.drain(worker(0, 1)), .start(worker(0, 2))])
        #expect(fleet.tell(.ended(worker(0, 1), "ended")).isEmpty)
        _ = fleet.tell(.ready(worker(0, 2)))
        #expect(fleet.plan.serves(worker(0, 2)))
    }

    // MARK: the end

    @Test func the_end_drains_all_and_comes_when_the_last_has_ended() {
        var fleet = Fleet(2)
        fleet.begin()
        #expect(fleet.tell(.terminate) == [.drain(worker(0, 1)), .drain(worker(1, 2))])
        #expect(fleet.tell(.terminate).isEmpty)
        #expect(fleet.tell(.ended(worker(1, 2), "ended")).isEmpty)
        #expect(fleet.wait(fleet.limits.stopTimeout) == [.kill(worker(0, 1))])
        #expect(fleet.tell(.ended(worker(0, 1), "was killed")) == [.finish(nil)])
        #expect(fleet.wait(.seconds(1)).isEmpty)
    }

    @Test func the_end_while_workers_are_replaced_and_started() {
        var fleet = Fleet(2)
        fleet.begin()
        _ = fleet.tell(.replaceAll)
        _ = fleet.tell(.ended(worker(1, 2), "crashed"))
        let all = Set([worker(0, 1), worker(0, 3), worker(1, 4)])
        let drained = fleet.tell(.terminate).compactMap { action -> WorkerID? in
            if case .drain(let id) = action { id } else { nil }
        }
        #expect(Set(drained) == all)
        for id in all.dropFirst() { #expect(fleet.tell(.ended(id, "ended")).isEmpty) }
        #expect(fleet.tell(.ended(all.first ?? worker(0, 1), "ended")) == [.finish(nil)])
    }

    @Test func nothing_is_started_after_the_end_has_begun() {
        var fleet = Fleet(1)
        fleet.begin()
        _ = fleet.tell(.ended(worker(0, 1), "crashed"))
        _ = fleet.tell(.ready(worker(0, 2)))
        #expect(fleet.tell(.ended(worker(0, 2), "crashed")).isEmpty)
        #expect(fleet.tell(.terminate) == [.finish(nil)])
        #expect(fleet.wait(.seconds(60)).isEmpty)
        #expect(fleet.plan.deadline == nil)
    }
}
