// Firecrest — one way's own server: an endpoint with one event loop.
// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Firecrest
import Glibc
import Logging

final class WayServer: Sendable {
    let endpoint: Endpoint
    let port: Int
    private let running: Task<Void, any Error>

    private init(endpoint: Endpoint, port: Int, running: Task<Void, any Error>) {
        self.endpoint = endpoint
        self.port = port
        self.running = running
    }

    /// - Parameter port: 0 lets the system choose one.
    /// - Throws: when the port cannot be listened at.
    static func start(port: Int) async throws -> WayServer {
        var options = EndpointOptions()
        options.listen = [.hostname("127.0.0.1", port: port)]
        options.loops = 1
        options.shutdownTimeout = .seconds(1)
        options.checkOrigin = .sameAsRequest
        // Not among the figures of the program that this runs in.
        options.metrics = NOOPMetricsHandler.instance
        options.logger.logLevel = .error
        let endpoint = try Endpoint(options) {
            socket("/socket", FeedSocket.self)
        }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let running = Task {
            defer { continuation.finish() }
            try await endpoint.run { addresses in
                let port = addresses.first?.split(separator: ":").last.flatMap { Int($0) }
                continuation.yield(port ?? 0)
            }
        }
        for await port in ports { return WayServer(endpoint: endpoint, port: port, running: running) }
        try await running.value
        throw CompareError("the server at port \(port) ended before it listened.")
    }

    func stop() async {
        running.cancel()
        _ = try? await running.value
    }

    /// CPU time that the server's thread has used, in nanoseconds.
    func cpuTime() async -> Int64 {
        await endpoint.onEachLoop {
            CPUClock.nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        }.reduce(0, +)
    }
}

/// Why a comparison could not be made, for the person who asked for it.
struct CompareError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
