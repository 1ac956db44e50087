// Firecrest — the benchmarks' program: one command for each thing that scripts/bench-check asks of it
// SPDX-License-Identifier: Apache-2.0

import Glibc

@main
struct FirecrestBenchmarks {
    static func main() async {
        raiseDescriptorLimit()
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            try await run(arguments)
        } catch {
            let sentence = "FirecrestBenchmarks: \(error)\n"
            write(STDERR_FILENO, sentence, sentence.utf8.count)
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) async throws {
        let name = arguments.dropFirst().first ?? ""
        let number = arguments.dropFirst(2).first.flatMap { Int($0) }
        switch arguments.first {
        case "list":
            for workload in Workload.all where workload.countsInstructions {
                print(workload.name, workload.rounds, workload.unitsPerRound, workload.unit, separator: "\t")
            }
        case "figures":
            try await Figures.print(of: try workloads(arguments.dropFirst()), withTimes: false)
        case "times":
            try await Figures.print(of: try workloads(arguments.dropFirst()), withTimes: true)
        case "run":
            let workload = try await Workload.named(name).start()
            try await workload.run(number ?? 1)
            try await workload.stop()
        case "stacks":
            try await Figures.printStacks(of: Workload.named(name), rounds: number)
        case "memory":
            try await Figures.printMemory(connections: Int(name) ?? 2_000, bySize: true)
        case "client":
            ClientProcess(port: UInt16(name) ?? 0).run()
        default:
            throw BenchmarkError("commands: list, figures, times, run, stacks, memory; see Benchmarks/README.md")
        }
    }

    private static func workloads(_ names: ArraySlice<String>) throws -> [Workload] {
        names.isEmpty ? Workload.all : try names.filter { $0 != Figures.memoryName }.map(Workload.named)
    }

    /// Thousands of sockets are opened; the process of the clients inherits the limit.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
