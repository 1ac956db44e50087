// Firecrest — a real endpoint on a port of its own, for the length of one test.
// SPDX-License-Identifier: Apache-2.0

package import Firecrest
package import FirecrestHTTP
internal import Logging
internal import NIOCore
internal import NIOConcurrencyHelpers

/// A running server and the clients that a test connected to it.
///
/// ```swift
/// try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
///     let client = try await TestClient.connect(server)
///     …
/// }
/// ```
///
/// With `FIRECREST_TEST_WORKERS=4` in the environment it is four endpoints behind one port, as worker processes are; tests
/// see no difference but where they look into one endpoint.
package final class TestServer: Sendable {
    /// How many endpoints a server is.
    package static var workers: Int { WorkerFleet.count }

    /// Whether an endpoint's own name is what a test called it, or one of its workers'.
    package static func isNode(_ name: String, of base: String) -> Bool {
        name == base || workers > 1 && name.hasPrefix("\(base)/")
    }

    package let endpoints: [Endpoint]
    /// What the endpoint listens at, as `run(onListening:)` told it.
    package let addresses: [String]
    private let clients = NIOLockedValueBox<[TestClient]>([])
    private let running: Task<Void, any Error>

    private init(endpoints: [Endpoint], addresses: [String], running: Task<Void, any Error>) {
        self.endpoints = endpoints
        self.addresses = addresses
        self.running = running
    }

    /// The first endpoint, for what any of them may be asked for.
    package var endpoint: Endpoint { endpoints[0] }

    /// The port of the first address.
    package var port: Int {
        addresses.first.flatMap { $0.split(separator: ":").last }.flatMap { Int($0) } ?? 0
    }

    /// Starts an endpoint of `parts`, runs `body`, and stops the endpoint, also when `body` throws. Clients that `body` left
    /// open are closed first, so that the stop does not wait for them.
    ///
    /// - Parameter share: whether other tests' servers may run meanwhile.
    package static func run<Result: Sendable>(
        options: EndpointOptions = .test, share: ServerShare = .shared, _ parts: EndpointPart...,
        body: (TestServer) async throws -> Result
    ) async throws -> Result {
        try await run(options: options, share: share, { for part in parts { part } }, body: body)
    }

    /// The same with the parts in a block, as an endpoint has them.
    package static func run<Result: Sendable>(
        options: EndpointOptions = .test, share: ServerShare = .shared,
        @EndpointBuilder _ parts: () -> [EndpointPart], body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let parts = parts()
        return try await ServerGate.enter(share) {
            guard workers > 1, let fleet = try await WorkerFleet(workers, options, parts) else {
                return try await run(try Endpoint(options) { for part in parts { part } }, body)
            }
            do {
                let result = try await run(fleet.endpoints, body)
                await fleet.stop()
                return result
            } catch {
                await fleet.stop()
                throw error
            }
        }
    }

    /// Runs an endpoint that the test made itself.
    package static func run<Result: Sendable>(
        _ endpoint: Endpoint, _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        try await run([endpoint], body)
    }

    private static func run<Result: Sendable>(
        _ endpoints: [Endpoint], _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let (listening, continuation) = AsyncStream<[String]>.makeStream()
        let running = Task {
            defer { continuation.finish() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for endpoint in endpoints {
                    group.addTask { try await endpoint.run { _ = continuation.yield($0) } }
                }
                // The first that fails ends the others.
                try await group.waitForAll()
            }
        }
        var addresses: [String] = []
        var ready = 0
        for await found in listening {
            addresses = found
            ready += 1
            if ready == endpoints.count { break }
        }
        guard ready == endpoints.count else {
            try await running.value
            throw TestFailure("an endpoint returned before it listened")
        }
        let server = TestServer(endpoints: endpoints, addresses: addresses, running: running)
        do {
            let result = try await body(server)
            try await server.stop()
            return result
        } catch {
            try? await server.stop()
            throw error
        }
    }

    /// Stops the endpoints as a signal to their service group would: their sockets are drained. Returns when each `run` has
    /// returned.
    package func drain() async throws {
        for endpoint in endpoints { endpoint.shutDownGracefully() }
        try await running.value
    }

    /// Stops the endpoints at once, with the clients that they have, and returns when each `run` has returned.
    package func shutDown() async throws {
        running.cancel()
        try await running.value
    }

    private func stop() async throws {
        for client in clients.withLockedValue({ $0 }) { client.drop() }
        try await shutDown()
    }

    func adopt(_ client: TestClient) {
        clients.withLockedValue { $0.append(client) }
    }

    // MARK: counters

    package func statistics() async -> LoopStatistics {
        var sum = LoopStatistics()
        for endpoint in endpoints { sum = sum + (await endpoint.statistics()) }
        return sum
    }

    /// The counters of each loop of each endpoint.
    package func statisticsByLoop() async -> [LoopStatistics] {
        var all: [LoopStatistics] = []
        for endpoint in endpoints { all += await endpoint.statisticsByLoop().map(\.statistics) }
        return all
    }

    /// Looks at the counters until they are as `condition` wants them. For what has no event to wait for.
    @discardableResult
    package func waitForStatistics(
        _ what: String, timeout: Duration = TestClient.patience, _ condition: (LoopStatistics) -> Bool
    ) async throws -> LoopStatistics {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        while true {
            let statistics = await statistics()
            if condition(statistics) { return statistics }
            guard clock.now < deadline else {
                throw TestFailure("the counters did not show within \(timeout): \(what); they are \(statistics)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

extension EndpointOptions {
    /// For tests: any free port of 127.0.0.1, two loops, a short shutdown, no log.
    package static var test: EndpointOptions {
        var options = EndpointOptions()
        options.listen = [.hostname("127.0.0.1", port: 0)]
        options.loops = 2
        options.shutdownTimeout = .seconds(2)
        options.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return options
    }
}
