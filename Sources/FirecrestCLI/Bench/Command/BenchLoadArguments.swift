// Firecrest — the options of modes that send messages.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct BenchLoadArguments: ParsableArguments {
    @Option(help: "Bytes of the text in each payload, 40 to 16777216.")
    var size = 64

    @Option(help: "Seconds that are measured, 0.1 to 86400.")
    var seconds = 10.0

    @Option(help: "Seconds of load before that, 0 to 3600.")
    var warmup = 2.0

    @Option(help: "Messages of each connection that sends; when all are answered the run ends (default: no limit).")
    var messages: Int?

    func apply(to settings: inout BenchSettings) throws {
        settings.maxMessages = try messages.map { try BenchCheck.range($0, 1...900_000_000, "--messages") }
        settings.size = try BenchCheck.range(size, LoadPayload.sizes, "--size")
        settings.seconds = try BenchCheck.range(seconds, 0.1...86_400, "--seconds")
        settings.warmup = try BenchCheck.range(warmup, 0...3_600, "--warmup")
    }

    static let connections = 1...1_000_000
    static let rates = 0.01...100_000_000.0
    static let pipelines = 1...BenchSettings.maxOutstanding
}
