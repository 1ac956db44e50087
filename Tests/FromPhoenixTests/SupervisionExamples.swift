// Firecrest — what docs/supervision.md shows.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Logging
import ServiceLifecycle
import UnixSignals

enum Supervision {
    typealias UserSocket = Connecting.UserSocket

    struct PriceFeed: Service {
        init() async throws {}

        func run() async throws { try await gracefulShutdown() }
    }

    // example: ticker
    struct Ticker: Service {
        let endpoint: Endpoint

        func run() async throws {
            try await cancelWhenGracefulShutdown {
                while true {
                    try await Task.sleep(for: .seconds(1))
                    try endpoint.broadcast("clock:all", "tick", ["at": "\(ContinuousClock.now)"])
                }
            }
        }
    }
    // end example

    static func tree() async throws {
        // example: tree
        let logger = Logger(label: "chat")
        let endpoint = try Endpoint { socket("/socket", UserSocket.self) }

        let feeds = Supervisor(.restForOne, name: "feeds", logger: logger) {
            child("prices") { try await PriceFeed() }
            child("ticker", restart: .transient, shutdown: .seconds(10)) { Ticker(endpoint: endpoint) }
        }
        let group = ServiceGroup(
            services: [endpoint, feeds], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
        // end example
    }

    static func nested(_ endpoint: Endpoint) -> Supervisor {
        // example: nested
        let supervisor = Supervisor(.oneForOne, name: "chat", intensity: RestartIntensity(3, in: .seconds(5))) {
            child("feeds") {
                Supervisor(.oneForAll, name: "feeds") {
                    child("prices") { try await PriceFeed() }
                    child("ticker") { Ticker(endpoint: endpoint) }
                }
            }
            child("clean-up", restart: .temporary, shutdown: .cancel) {
                ClosureService { try await Task.sleep(for: .seconds(3_600)) }
            }
        }
        // end example
        return supervisor
    }
}
