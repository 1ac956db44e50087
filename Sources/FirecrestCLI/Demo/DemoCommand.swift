// Firecrest — `firecrest demo`: the playground on one port.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest
import FirecrestWorkers
import Glibc
import Logging
import Metrics
import ServiceLifecycle
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Serve the playground: a page of demonstrations, test channels, a plain echo.")

    @OptionGroup(title: "Where it listens")
    var listen: ListenArguments

    @Option(help: "Event loops, one thread each (default: one per core; with --workers one each).")
    var loops: Int?

    @Option(
        help: "Worker processes under a supervising one, which starts them again (default: none, all is one process).")
    var workers: Int?

    @Flag(
        name: .customLong("trap"),
        help: """
            Take two events more in rooms, to see what --workers is for: `trap` ends the process that serves it, `block` \
            holds up its event loop for {ms}.
            """)
    var hasTrap = false

    @Option(
        help: "Seconds that an event loop may be blocked before its worker is replaced (default: any time).")
    var stallLimit: Double?

    @Option(help: "Joins a second that one connection may ask for (default: any number).")
    var joinRate: Double?

    @Option(help: "Messages a second that one connection may send (default: any number).")
    var messageRate: Double?

    @Option(help: "Connections and joins a second for each event loop; 0: as they come (default: 5000).")
    var pace: Double?

    @OptionGroup(title: "How it stops")
    var drain: DemoDrainArguments

    @Option(help: "Log level: trace, debug, info, notice, warning, error, critical.")
    var logLevel = Logger.Level.warning

    func validate() throws {
        if let loops, !(1...1_024).contains(loops) {
            throw ValidationError("--loops is \(loops); it must be between 1 and 1024.")
        }
        if let workers, !(1...1_024).contains(workers) {
            throw ValidationError("--workers is \(workers); it must be between 1 and 1024.")
        }
        if let pace, !(0...1e9).contains(pace) {
            throw ValidationError("--pace is \(pace); it must be between 0 and 1000000000.")
        }
        for (name, rate) in [("--join-rate", joinRate), ("--message-rate", messageRate), ("--stall-limit", stallLimit)]
        {
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
        if hasTrap { Playground.allowTrap() }
        do {
            var options = EndpointOptions()
            options.listen = [try listen.address()]
            options.trustedProxies = listen.proxies
            options.loops = loops
            options.loopStallLimit = stallLimit.map { .seconds($0) }
            options.logger = logger
            pace(&options)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: try service(options, metrics))],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
            try await Stopping.run(group)
        } catch {
            StandardError.print("firecrest demo: \(error)")
            throw ExitCode.failure
        }
    }

    private func service(_ options: EndpointOptions, _ metrics: PrometheusRegistry) throws -> any Service {
        guard let count = workers else {
            let endpoint = try Demo.endpoint(
                options, metrics: metrics, socketOptions: socketOptions, drainer: drain.options)
            return DemoService(endpoint: endpoint, onListening: announce)
        }
        var workers = Workers(count: count, listen: options.listen) { worker in
            try Demo.endpoint(
                worker.options(options), metrics: metrics, socketOptions: socketOptions, drainer: drain.options,
                worker: worker)
        }
        workers.logger = options.logger
        workers.acceptRate = options.acceptRate
        workers.onReady = announce
        return workers
    }

    private func announce(_ addresses: [String]) {
        print(banner(addresses))
        // A reader at the other end of a pipe waits for this.
        fflush(nil)
    }

    func pace(_ options: inout EndpointOptions) {
        guard let pace else { return }
        let rate = pace > 0 ? RateLimit(perSecond: pace, burst: max(1, Int(pace / 10))) : nil
        options.acceptRate = rate
        options.joinRate = rate
    }

    var socketOptions: SocketOptions {
        var options = PlaygroundSocket.options
        options.joinRate = joinRate.map { RateLimit(perSecond: $0) }
        options.messageRate = messageRate.map { RateLimit(perSecond: $0) }
        return options
    }

    private func banner(_ addresses: [String]) -> String {
        let place = addresses.first ?? "?"
        let secure = listen.isSecure ? "s" : ""
        let base = listen.unixSocket.map { "the Unix socket \($0)" } ?? "http\(secure)://\(place)"
        return """
            Firecrest demo is ready at \(base)

              \(base)/                  chat, ticker, shared desk, game, figures: open it in two tabs
              \(base)/notify/<user>     POST: a word to one user of that page, from curl
              ws\(secure)://\(place)/socket/websocket     Phoenix Channels: join room:lobby, push new_msg
              ws\(secure)://\(place)/echo                 a plain WebSocket echo
              \(base)/whoami, /healthz, /readyz, /metrics

            Stop with Ctrl-C.
            """
    }
}

/// The endpoint, announcing itself when it listens.
private struct DemoService: Service {
    let endpoint: Endpoint
    let onListening: @Sendable ([String]) -> Void

    func run() async throws {
        try await endpoint.run { addresses in onListening(addresses) }
    }
}
