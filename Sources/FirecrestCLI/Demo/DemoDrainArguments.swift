// Firecrest — how the demo sends its clients away when it stops, from the command line.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest

struct DemoDrainArguments: ParsableArguments {
    @Option(help: "Connections that are closed in each interval.")
    var drainBatch = DrainOptions().batchSize

    @Option(help: "Seconds of an interval.")
    var drainInterval = 2.0

    @Option(help: "Seconds that all of it may take; what is left then is closed at once.")
    var drainLimit = 30.0

    @Flag(help: "Close all at once.")
    var noDrain = false

    func validate() throws {
        guard drainBatch >= 1 else { throw ValidationError("--drain-batch is \(drainBatch); it must be at least 1.") }
        for (name, seconds) in [("--drain-interval", drainInterval), ("--drain-limit", drainLimit)]
        where !(0...86_400).contains(seconds) {
            throw ValidationError("\(name) is \(seconds); it must be between 0 and 86400.")
        }
    }

    var options: DrainOptions {
        guard !noDrain else { return false }
        return DrainOptions {
            $0.batchSize = drainBatch
            $0.batchInterval = .seconds(drainInterval)
            $0.shutdown = .seconds(drainLimit)
        }
    }
}

/// Says what happens between the signal and the end.
struct DrainNotice: TelemetryHandler {
    let options: DrainOptions

    func handle(_ event: any TelemetryEvent) {
        guard let event = event as? SocketDrain, event.index == 1 else { return }
        StandardError.print(Self.text(event.total, options))
    }

    /// `Draining 12,000 connections over 2.4 s; …`
    static func text(_ total: Int, _ options: DrainOptions) -> String {
        let planned = Double(total) / Double(options.batchSize) * (options.batchInterval / .seconds(1))
        let limit = options.shutdown / .seconds(1)
        var text = "Draining \(BenchText.count(total)) connection\(total == 1 ? "" : "s")"
        if min(planned, limit) >= 0.1 { text += " over \(BenchText.decimal(min(planned, limit), 1)) s" }
        if planned > limit { text += " (\(BenchText.decimal(planned, 1)) s were needed; the rest goes at once)" }
        return text + "; Ctrl-C again closes all at once."
    }
}
