// Firecrest — who gets the next connection.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestWorkers

struct BalanceTests {
    private func loads(_ connections: [Int], capacity: Int = .max) -> [(index: Int, load: WorkerLoad)] {
        connections.enumerated().map { index, count in
            (index, WorkerLoad(handed: count, settled: count, open: count, capacity: capacity))
        }
    }

    @Test func the_one_with_the_fewest() {
        #expect(Balance.choose(loads([5, 3, 4]), turn: 0) == 1)
        #expect(Balance.choose(loads([5, 3, 4]), turn: 2) == 1)
        #expect(Balance.choose([], turn: 3) == nil)
    }

    @Test func those_that_have_as_few_take_turns() {
        #expect((0..<6).map { Balance.choose(loads([2, 2, 2]), turn: $0) } == [0, 1, 2, 0, 1, 2])
        #expect((0..<4).map { Balance.choose(loads([2, 9, 2]), turn: $0) } == [0, 2, 2, 0])
    }

    @Test func what_is_on_its_way_counts() {
        var load = WorkerLoad(handed: 10, settled: 4, open: 3, capacity: 100)
        #expect(load.connections == 9)
        load.settled = 10
        load.open = 2
        #expect(load.connections == 2)
        // A report from before the last ones were handed over.
        load.settled = 12
        #expect(load.connections == 2)
    }

    @Test func one_that_is_full_is_passed_over_while_another_is_not() {
        var some = loads([10, 20], capacity: 10)
        some[1].load.capacity = 50
        #expect(Balance.choose(some, turn: 0) == 1)
        #expect(Balance.choose(loads([10, 12], capacity: 10), turn: 1) == 0)
    }

    @Test func numbers_stay_equal_whatever_ends() {
        var loads = loads([0, 0, 0, 0])
        var generator = SystemRandomNumberGenerator()
        for turn in 0..<20_000 {
            guard let index = Balance.choose(loads, turn: turn) else { continue }
            loads[index].load.handed += 1
            loads[index].load.settled += 1
            loads[index].load.open += 1
            // A third of all connections end again, most of them at the first worker.
            if turn % 3 == 0 { loads[Bool.random(using: &generator) ? 0 : turn % 4].load.open -= 1 }
        }
        let counts = loads.map(\.load.connections)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 2)
    }
}
