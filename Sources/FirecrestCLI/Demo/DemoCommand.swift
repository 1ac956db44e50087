// Firecrest — `firecrest demo`: the playground on one port.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest
import Glibc
import Logging
import Metrics
import ServiceLifecycle
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Serve the playground: a page of demonstrations, test channels, a plain echo.")

    @Option(help: "Address to listen at.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen at; 0 lets the system choose.")
    var port = 4000

    @Option(help: "Event loops, one thread each (default: one per core).")
    var loops: Int?

    @Option(name: .customLong("unix"), help: "Listen at this Unix socket instead of a port.")
    var unixSocket: String?

    @Option(name: .customLong("fd"), help: "Listen at this inherited descriptor instead of a port.")
    var descriptor: Int32?

    @Option(help: "Joins a second that one connection may ask for (default: any number).")
    var joinRate: Double?

    @Option(help: "Messages a second that one connection may send (default: any number).")
    var messageRate: Double?

    @Option(help: "Log level: trace, debug, info, notice, warning, error, critical.")
    var logLevel = Logger.Level.warning

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port is \(port); it must be between 0 and 65535.")
        }
        if let loops, !(1...1_024).contains(loops) {
            throw ValidationError("--loops is \(loops); it must be between 1 and 1024.")
        }
        for (name, rate) in [("--join-rate", joinRate), ("--message-rate", messageRate)] {
            if let rate, !(rate > 0 && rate.isFinite) {
                throw ValidationError("\(name) is \(rate); it must be more than 0.")
            }
        }
    }

    func run() async throws {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "firecrest")
        logger.logLevel = logLevel
        let metrics = PrometheusRegistry()
        MetricsSystem.bootstrap(metrics)
        let endpoint = try Demo.endpoint(
            listen: address, loops: loops, logger: logger, metrics: metrics, socketOptions: socketOptions)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: DemoService(endpoint: endpoint, banner: banner))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            StandardError.print("firecrest demo: \(error)")
            throw ExitCode.failure
        }
    }

    var socketOptions: SocketOptions {
        var options = PlaygroundSocket.options
        options.joinRate = joinRate.map { RateLimit(perSecond: $0) }
        options.messageRate = messageRate.map { RateLimit(perSecond: $0) }
        return options
    }

    private var address: ListenAddress {
        if let unixSocket { return .unixSocket(path: unixSocket) }
        if let descriptor { return .descriptor(descriptor) }
        return .hostname(host, port: port)
    }

    private func banner(_ addresses: [String]) -> String {
        let place = addresses.first ?? "?"
        let base = unixSocket.map { "the Unix socket \($0)" } ?? "http://\(place)"
        return """
            Firecrest demo is ready at \(base)

              \(base)/                  chat, ticker, shared desk, game, figures: open it in two tabs
              \(base)/notify/<user>     POST: a word to one user of that page, from curl
              ws://\(place)/socket/websocket     Phoenix Channels: join room:lobby, push new_msg
              ws://\(place)/echo                 a plain WebSocket echo
              \(base)/healthz, /readyz, /metrics

            Stop with Ctrl-C.
            """
    }
}

/// The endpoint, announcing itself when it listens.
private struct DemoService: Service {
    let endpoint: Endpoint
    let banner: @Sendable ([String]) -> String

    func run() async throws {
        try await endpoint.run { addresses in
            print(banner(addresses))
            // A reader at the other end of a pipe waits for this.
            fflush(nil)
        }
    }
}
