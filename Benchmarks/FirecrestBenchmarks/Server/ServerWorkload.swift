// Firecrest — work that a server does for its clients, over real sockets
// SPDX-License-Identifier: Apache-2.0

/// Each round is the same line for the process of the clients.
struct ServerWorkload: RunningWorkload {
    static let all = [
        // One message at a time: a wake-up of the loop, a read and a write for each.
        workload("echo", "message", rounds: 2_000, "echo"),
        // Sixteen arrive in one read.
        workload("echo-pipelined", "message", rounds: 250, units: 16, "echo"),
        workload("heartbeat", "heartbeat", rounds: 2_000, "heartbeat"),
        workload("heartbeat-pipelined", "heartbeat", rounds: 250, units: 16, "heartbeat"),
        // A client's message to its topic, in which nobody else is: what a broadcast costs besides its deliveries.
        workload("broadcast", "broadcast", rounds: 1_000, "broadcast"),
        workload("fan-out", "delivery", connections: 500, rounds: 40, units: 500, messages: 1, "broadcast"),
        // Fifty messages to one topic arrive in one read.
        workload("hot-topic", "delivery", connections: 100, rounds: 5, units: 5_000, messages: 50, "broadcast"),
        // A client comes, joins, leaves the topic, and goes.
        workload("visit", "visit", rounds: 200, "visit"),
    ]
    /// What scripts/bench-check --self-test must find: an echo that allocates ten times more than it must.
    static let planted = [workload("wasteful-echo", "message", rounds: 500, "wasteful_echo")]

    private let server: BenchmarkServer
    private let command: String

    private static func workload(
        _ name: String, _ unit: String, connections: Int = 1, rounds: Int, units: Int = 1, messages: Int? = nil,
        _ command: String
    ) -> Workload {
        Workload(
            name: name, unit: unit, unitsPerRound: units, rounds: rounds,
            start: {
                let server = try await BenchmarkServer.start()
                try server.client.command("connect \(connections) room:bench")
                return ServerWorkload(server: server, command: "\(command) \(messages ?? units)")
            })
    }

    func run(_ rounds: Int) async throws {
        try server.client.command("\(command) \(rounds)")
        try await server.settle()
    }

    func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws -> T {
        try await server.onLoop(body)
    }

    func stop() async throws {
        try await server.stop()
    }
}
