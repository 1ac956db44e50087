// Firecrest — `firecrest compare`: one feed through every way, and what each costs.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FirecrestProtocol
import Glibc
import Logging
import NIOCore
import UnixSignals

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Send one live feed by short polling, long polling, SSE and WebSocket; count what each costs.",
        discussion: """
            Starts a server for each way and clients for each, all in this process and on loopback. Bytes are counted on \
            the clients' sockets, latency is from sending to receiving on one clock, server CPU is that of each server's \
            own thread since the first message. Ctrl-C ends a run early and prints what there is.

            Exit status: 0 when all was delivered, 1 when the run failed or a message was lost or came twice, 2 for wrong \
            arguments.
            """)

    enum Headers: String, CaseIterable, ExpressibleByArgument { case browser, minimal }

    @Option(help: "Messages of the feed in a second, 0.1 to 200.")
    var rate = 5.0

    @Option(help: "Clients of each way, 1 to 200.")
    var clients = 4

    @Option(help: "Milliseconds from one short poll of a client to its next, 50 to 10000.")
    var pollInterval = 1_000

    @Option(help: "Seconds that the feed runs, 1 to 120.")
    var seconds = 10.0

    @Option(help: "Ways to compare, with commas between: short_poll,long_poll,sse,websocket.")
    var ways = Way.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: "Bytes of JSON in each message, 64 to 16384.")
    var payload = 120

    @Option(help: "What requests carry: as Chromium sends them, or the fewest headers that do.")
    var headers = Headers.browser

    @Option(
        help: "The ways listen at four ports from this one on, in the order above (default: the system chooses).")
    var listenBase: Int?

    @Option(help: "Clients connect to four ports from this one on, where something passes them on to --listen-base.")
    var connectBase: Int?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func validate() throws {
        let settings = try settings()
        do {
            try settings.check { "--" + (Self.options[$0] ?? $0) }
        } catch {
            throw ValidationError("\(error).")
        }
        for (name, base) in [("--listen-base", listenBase), ("--connect-base", connectBase)] {
            if let base, !(1...65_532).contains(base) {
                throw ValidationError("\(name) is \(base); it must be between 1 and 65532.")
            }
        }
        if connectBase != nil, listenBase == nil {
            throw ValidationError("--connect-base needs --listen-base: somebody has to know where to pass bytes on to.")
        }
    }

    /// Options that the page calls otherwise.
    private static let options = ["poll_interval_ms": "poll-interval", "payload_bytes": "payload"]

    func run() async throws {
        let comparison = Comparison(
            try settings(), ports: Comparison.Ports(listenBase: listenBase, connectBase: connectBase))
        let interrupts = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { comparison.stop() }
        }
        defer { interrupts.cancel() }
        if isatty(STDERR_FILENO) == 1 {
            StandardError.print("firecrest compare: counting for \(TextReport.decimal(seconds)) s")
        }
        let result: ComparisonSnapshot
        do {
            result = try await comparison.run { _ in }
        } catch {
            StandardError.print("firecrest compare: \(error)")
            throw ExitCode.failure
        }
        StandardOutput.print(
            json ? try Self.line(result) : CompareTable(style: .of(descriptor: STDOUT_FILENO)).render(result))
        let isFlawed = result.rows.contains { $0.figures.lost > 0 || $0.figures.doubled > 0 }
        if result.phase == .failed || isFlawed { throw ExitCode.failure }
    }

    private func settings() throws -> CompareSettings {
        var settings = CompareSettings()
        settings.rate = rate
        settings.clients = clients
        settings.pollInterval = pollInterval
        settings.seconds = seconds
        settings.payloadBytes = payload
        settings.headers = headers == .browser ? .browser : .minimal
        settings.ways = try ways.split(separator: ",", omittingEmptySubsequences: false).map { name in
            guard let way = Way(rawValue: String(name)) else {
                throw ValidationError(
                    "--ways has \"\(Preview.escaped(String(name)))\"; "
                        + "it must be a list of \(Way.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            return way
        }
        .sorted { $0.index < $1.index }
        return settings
    }

    private static func line(_ snapshot: ComparisonSnapshot) throws -> String {
        var text = ByteBuffer()
        try snapshot.json.write(into: &text)
        return String(buffer: text) + "\n"
    }
}
