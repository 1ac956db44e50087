// Firecrest — which process of a load has which connections.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestCLI

@Suite("bench: plan")
struct BenchPlanTests {
    private func plans(_ mode: BenchMode, processes: Int, connections: Int, slow: Int = 0) -> [BenchPlan] {
        (0..<processes).map { process in
            BenchPlan(
                settings: .test(mode, url: "ws://127.0.0.1:1/socket") {
                    $0.processes = processes
                    $0.process = process
                    $0.connections = connections
                    $0.slowReaders = slow
                })
        }
    }

    @Test("each connection is in one process", arguments: 1...7)
    func everyConnectionOnce(processes: Int) {
        for (mode, slow) in [(BenchMode.hot, 0), (.slowReaders, 0), (.slowReaders, 53)] {
            let plans = plans(mode, processes: processes, connections: 20, slow: slow)
            #expect(plans.flatMap { Array($0.range) } == Array(0..<20 + slow))
        }
    }

    @Test("slow readers have processes of their own, where there is more than one", arguments: 2...5)
    func slowReadersApart(processes: Int) {
        let plans = plans(.slowReaders, processes: processes, connections: 20, slow: 53)
        for plan in plans { #expect(plan.hasOnlySlowReaders == (plan.range.lowerBound >= 20)) }
        #expect(plans.contains { $0.hasOnlySlowReaders } && plans.contains { !$0.hasOnlySlowReaders })
        #expect(plans.allSatisfy { !$0.range.contains(19) || !$0.range.contains(20) })
    }
}
