// Firecrest — reads the server's own figures: counters, loops, memory, CPU.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import Glibc

final class Monitor: Sendable {
    /// A moment's figures. Counters count from the start; who wants a rate takes the difference of two.
    struct Figures: Encodable, Sendable {
        struct Loop: Encodable, Sendable {
            let connections: Int
            let messages: Int
            /// How long the question and its answer took: more than some hundred while the loop was busy.
            let answer_us: Double
        }

        /// On a clock that only this process has.
        let at_ms: Double
        let cpu_ms: Double
        let rss_bytes: Int
        let cores: Int
        let figures: [String: Int]
        let loops: [Loop]
    }

    let seats = Seats(limit: 1_000)
    private let start = ContinuousClock.now

    /// What each figure is, by its name.
    var explanations: [String: String] {
        Dictionary(LoopStatistics.figures.map { ($0.name, $0.help) }) { $1 }
    }

    func figures(of endpoint: Endpoint) async -> Figures {
        let loops = await endpoint.statisticsByLoop()
        let sum = loops.reduce(LoopStatistics()) { $0 + $1.statistics }
        return Figures(
            at_ms: milliseconds(start.duration(to: .now)), cpu_ms: Self.cpu, rss_bytes: Self.residentBytes,
            cores: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            figures: Dictionary(LoopStatistics.figures.map { ($0.name, sum[keyPath: $0.value]) }) { $1 },
            loops: loops.map {
                Figures.Loop(
                    connections: $0.statistics.connectionsOpen,
                    messages: $0.statistics.messagesReceived + $0.statistics.framesSent,
                    answer_us: milliseconds($0.answered) * 1_000)
            })
    }

    private func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }

    /// CPU time of the whole process, in milliseconds.
    private static var cpu: Double {
        Double(CPUClock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID)) / 1e6
    }

    /// Bytes in physical memory; 0 where the system does not tell.
    private static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [UInt8](repeating: 0, count: 128)
        let count = fread(&line, 1, line.count, file)
        let pages = String(decoding: line.prefix(count), as: UTF8.self).split(separator: " ").dropFirst().first
        return (pages.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
    }
}
