// Firecrest — what docs/from-phoenix.md shows of endpoints.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Hummingbird
import Logging
import ServiceLifecycle
import UnixSignals

enum Endpoints {
    typealias UserSocket = Connecting.UserSocket

    static func plain() throws -> Endpoint {
        // example: endpoint
        let endpoint = try Endpoint {
            socket("/socket", UserSocket.self, longpoll: true)
        }
        // end example
        return endpoint
    }

    static func configured() throws -> Endpoint {
        // example: endpoint-options
        var options = EndpointOptions()
        options.listen = [.hostname("0.0.0.0", port: 4000)]
        options.host = "chat.example.com"
        options.checkOrigin = .list(["https://chat.example.com", "//*.example.org"])
        options.secretKeyBase = Environment().get("SECRET_KEY_BASE")

        let router = Router()
        router.get("/health") { _, _ in "ok" }

        let endpoint = try Endpoint(options) {
            socket(
                "/socket/:tenant", UserSocket.self,
                websocket: WebSocketOptions {
                    $0.timeout = .seconds(45)
                    $0.compress = true
                    $0.authToken = true
                    $0.connectInfo = [.peerData, .uri, .userAgent, .xHeaders]
                    $0.errorHandler = { _ in RefusalResponse(status: 401) }
                },
                longpoll: LongPollOptions { $0.window = .seconds(20) },
                drainer: DrainOptions { $0.shutdown = .seconds(20) },
                options: SocketOptions())
            routes(router)
        }
        // end example
        return endpoint
    }

    static func behindProxies() -> EndpointOptions {
        // example: tls
        var options = EndpointOptions()
        options.listen = [
            .hostname("0.0.0.0", port: 443, tls: TLSOptions(certificateFile: "chain.pem", keyFile: "key.pem")),
            .unixSocket(path: "chat.sock", permissions: 0o660),
        ]
        options.trustedProxies = ["10.0.0.0/8", "unix"]
        // end example
        return options
    }

    static func run() async throws {
        // example: supervise
        let endpoint = try Endpoint { socket("/socket", UserSocket.self) }
        let group = ServiceGroup(
            services: [endpoint], gracefulShutdownSignals: [.sigterm, .sigint], logger: endpoint.options.logger)
        try await group.run()
        // end example
    }

    static func speak(_ endpoint: Endpoint) throws {
        // example: broadcast
        try endpoint.broadcast("room:lobby", "news", ["headline": "rain"])
        try endpoint.disconnect("users_socket:42")
        // end example
    }

    // example: telemetry
    struct SlowEvents: TelemetryHandler {
        func handle(_ event: any TelemetryEvent) {
            guard let event = event as? ChannelHandledIn, event.duration > .milliseconds(50) else { return }
            print("slow:", event.event, event.duration)
        }
    }
    // end example
}
