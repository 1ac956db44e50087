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
package final class TestServer: Sendable {
    package let endpoint: Endpoint
    /// What the endpoint listens at, as `run(onListening:)` told it.
    package let addresses: [String]
    private let clients = NIOLockedValueBox<[TestClient]>([])
    private let running: Task<Void, any Error>

    private init(endpoint: Endpoint, addresses: [String], running: Task<Void, any Error>) {
        self.endpoint = endpoint
        self.addresses = addresses
        self.running = running
    }

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
        let endpoint = try Endpoint(options, parts)
        return try await ServerGate.enter(share) {
            try await run(endpoint, body)
        }
    }

    /// Runs an endpoint that the test made itself.
    package static func run<Result: Sendable>(
        _ endpoint: Endpoint, _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let (listening, continuation) = AsyncStream<[String]>.makeStream()
        let running = Task {
            defer { continuation.finish() }
            try await endpoint.run { addresses in
                continuation.yield(addresses)
            }
        }
        guard let addresses = await listening.first(where: { _ in true }) else {
            try await running.value
            throw TestFailure("the endpoint returned before it listened")
        }
        let server = TestServer(endpoint: endpoint, addresses: addresses, running: running)
        do {
            let result = try await body(server)
            try await server.stop()
            return result
        } catch {
            try? await server.stop()
            throw error
        }
    }

    /// Stops the endpoint as a signal would, with the clients that it has, and returns when `run` has returned.
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
        await endpoint.statistics()
    }

    /// Looks at the counters until they are as `condition` wants them. For what has no event to wait for.
    @discardableResult
    package func waitForStatistics(
        _ what: String, timeout: Duration = .seconds(5), _ condition: (LoopStatistics) -> Bool
    ) async throws -> LoopStatistics {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        while true {
            let statistics = await endpoint.statistics()
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
