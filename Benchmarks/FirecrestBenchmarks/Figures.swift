// Firecrest — takes figures of workloads and prints them, one a line, for scripts/bench-check to read
// SPDX-License-Identifier: Apache-2.0

import CAllocationCounter
import Glibc

/// Lines are `NAME<tab>VALUE<tab>UNIT`.
enum Figures {
    static let memoryName = "connection"

    static func print(of workloads: [Workload], withTimes: Bool) async throws {
        for workload in workloads {
            let running = try await workload.start()
            try await running.run(max(1, workload.rounds / 4))
            if workload.countsAllocations {
                let allocations = try await slope(of: running, workload) { firecrest_thread_allocations() }
                print("\(workload.name).allocations", allocations, "allocations/\(workload.unit)")
            }
            if withTimes {
                var times: [Double] = []
                for _ in 0..<5 {
                    times.append(try await slope(of: running, workload) { firecrest_thread_nanoseconds() })
                }
                print("\(workload.name).time", times.sorted()[2], "ns/\(workload.unit)")
            }
            try await running.stop()
        }
    }

    /// What one unit adds to a counter: the difference between a run and one twice as long, so that what asking costs
    /// is not in it.
    private static func slope(
        of running: any RunningWorkload, _ workload: Workload, _ counter: @escaping @Sendable () -> UInt64
    ) async throws -> Double {
        let start = try await running.onThread(counter)
        try await running.run(workload.rounds)
        let middle = try await running.onThread(counter)
        try await running.run(2 * workload.rounds)
        let end = try await running.onThread(counter)
        let once = Double(middle - start)
        let twice = Double(end - middle)
        return (twice - once) / Double(workload.rounds * workload.unitsPerRound)
    }

    private static func print(_ name: String, _ value: Double, _ unit: String) {
        let thousandths = (value * 1_000).rounded()
        Swift.print(name, thousandths / 1_000, unit, separator: "\t")
        fflush(nil)
    }

    /// Heap of the server for one idle, joined connection that has sent a heartbeat: the slope from 500 of them on.
    static func printMemory(connections: Int, bySize: Bool) async throws {
        firecrest_count_blocks()
        let server = try await BenchmarkServer.start()
        try server.client.command("connect 500 room:bench")
        try await server.settle()
        let blocksBefore = (0..<Int32(FIRECREST_SIZE_CLASSES)).map(firecrest_blocks)
        let before = firecrest_heap_bytes()
        try server.client.command("connect \(connections) room:bench")
        try await server.settle()
        let after = firecrest_heap_bytes()
        let bytes = (Double(after) - Double(before)) / Double(connections)
        if bySize {
            for (index, before) in blocksBefore.enumerated() {
                let blocks = Double(firecrest_blocks(Int32(index)) - before) / Double(connections)
                guard abs(blocks) >= 0.005 else { continue }
                print("blocks of \(firecrest_block_bytes(Int32(index))) B", blocks, "blocks/connection")
            }
        }
        print("\(memoryName).bytes", bytes, "bytes/connection")
        try await server.stop()
    }

    /// Where the allocations of a workload come from, for scripts/bench-check to give names to.
    static func printStacks(of workload: Workload, rounds: Int?) async throws {
        let running = try await workload.start()
        try await running.run(max(1, workload.rounds / 4))
        try await running.onThread { firecrest_collect_stacks(true) }
        try await running.run(rounds ?? workload.rounds)
        try await running.onThread { firecrest_collect_stacks(false) }
        firecrest_write_stacks(STDOUT_FILENO)
        try await running.stop()
    }
}
