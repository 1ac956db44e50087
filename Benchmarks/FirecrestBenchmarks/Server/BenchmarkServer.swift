// Firecrest — a server on real sockets, and the process of its clients
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Logging

/// An endpoint with one loop, as an application makes it. Clients are in another process, so that what they allocate and
/// compute is not counted.
struct BenchmarkServer: Sendable {
    let endpoint: Endpoint
    let client: LoadClient
    private let serving: Task<Void, any Error>

    static func start() async throws -> BenchmarkServer {
        var options = EndpointOptions()
        options.listen = [.hostname("127.0.0.1", port: 0)]
        options.loops = 1
        options.logger.logLevel = .error
        // Looks in from time to time, which would be work that depends on the clock.
        options.loopStallThreshold = nil
        let endpoint = try Endpoint(options) {
            socket("/socket", BenchmarkSocket.self)
        }
        let (addresses, listening) = AsyncStream.makeStream(of: String.self)
        let serving = Task {
            defer { listening.finish() }
            try await endpoint.run { listening.yield($0.first ?? "") }
        }
        var iterator = addresses.makeAsyncIterator()
        guard let port = await iterator.next()?.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            try await serving.value
            throw BenchmarkError("the server does not listen")
        }
        return BenchmarkServer(endpoint: endpoint, client: try LoadClient(port: port), serving: serving)
    }

    /// Waits until the loop has done what it was at.
    func settle() async throws {
        for _ in 0..<3 { try await onLoop {} }
    }

    func onLoop<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws -> T {
        let values = await endpoint.onEachLoop(body)
        guard let value = values.first else { throw BenchmarkError("the loop does not answer") }
        return value
    }

    func stop() async throws {
        try client.stop()
        serving.cancel()
        _ = try? await serving.value
    }
}
