// Firecrest — one thing that is done over and over to be measured
// SPDX-License-Identifier: Apache-2.0

/// A kind of work, described. `start` makes it ready to run.
struct Workload: Sendable {
    /// What figures are called by: `echo.allocations`, `echo.instructions`.
    let name: String
    /// What a figure is per, for example `message`.
    let unit: String
    /// Units in a round.
    let unitsPerRound: Int
    /// Rounds of a measurement, enough for what happens once or now and then to vanish in the figure.
    let rounds: Int
    var countsAllocations = true
    var countsInstructions = true
    let start: @Sendable () async throws -> any RunningWorkload

    static let all = ServerWorkload.all + FanOutWorkload.all + CodecWorkload.all + EnvelopeWorkload.all

    static func named(_ name: String) throws -> Workload {
        guard let workload = (all + ServerWorkload.planted).first(where: { $0.name == name }) else {
            throw BenchmarkError("no workload \"\(name)\"; there are \(all.map(\.name).joined(separator: ", "))")
        }
        return workload
    }
}

/// Work under way, and what the thread that does it has used so far.
protocol RunningWorkload {
    /// Does so many rounds; when it returns, they are done.
    func run(_ rounds: Int) async throws
    /// Runs `body` on the thread that does the work.
    func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws -> T
    func stop() async throws
}

extension RunningWorkload {
    func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws -> T { body() }
    func stop() async throws {}
}
