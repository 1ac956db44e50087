// Firecrest — the options that every mode of `firecrest bench` has.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct BenchCommonArguments: ParsableArguments {
    @Option(help: "The socket's URL: ws://127.0.0.1:4000/socket. /websocket and vsn=2.0.0 are added.")
    var url: String

    @Option(help: "Parameters of the connections, as a JSON object.")
    var params = "{}"

    @Option(
        name: .customLong("header"), help: "A further header of the request: \"Origin: http://localhost\". Repeatable.")
    var headers: [String] = []

    @Option(help: "Topics; %d becomes the number of the topic (default: see the mode).")
    var topic: String?

    @Option(help: "Handshakes under way at once, 1 to 10000.")
    var inflight = 256

    @Option(help: "Seconds from one heartbeat of a connection to its next; 0: none.")
    var heartbeat = 30.0

    @Option(help: "Seconds without progress after which what is outstanding is given up, 0.1 to 600.")
    var patience = 10.0

    @Option(help: "Processes that share the connections, 1 to 256 (default: as many as the descriptors need).")
    var processes: Int?

    @Option(help: "Local addresses to connect from, with commas between (default on loopback: one for each 4000).")
    var source: String?

    @Option(help: "The server's processes, with commas between: their CPU time and memory are measured.")
    var pid: String?

    @Option(help: "Write the result as JSON to this file, - for standard output instead of the summary.")
    var json: String?

    @Option(help: "Compare with this result of an earlier --json.")
    var compare: String?

    @Flag(inversion: .prefixedNo, help: "Print a line each second on standard error (default: on a terminal).")
    var progress: Bool?

    /// - Throws: what is wrong with an option, with what it may be.
    func settings(_ mode: BenchMode, topic: String) throws -> BenchSettings {
        var settings = BenchSettings(mode: mode, url: url)
        settings.params = params
        settings.headers = headers
        settings.topic = self.topic ?? topic
        settings.inflight = try BenchCheck.range(inflight, 1...10_000, "--inflight")
        settings.heartbeat = try BenchCheck.range(heartbeat, 0...86_400, "--heartbeat")
        settings.patience = try BenchCheck.range(patience, 0.1...600, "--patience")
        settings.sources = source.map { $0.split(separator: ",").map(String.init) } ?? []
        if let processes { _ = try BenchCheck.range(processes, 1...256, "--processes") }
        _ = try pids()
        return settings
    }

    func pids() throws -> [Int32] {
        try (pid ?? "").split(separator: ",").map { text in
            guard let number = Int32(text), number > 0 else {
                let given = Preview.escaped(String(text))
                throw ValidationError("--pid has \"\(given)\"; it must be a list of process numbers.")
            }
            return number
        }
    }
}

enum BenchCheck {
    static func range<T: Comparable>(_ value: T, _ range: ClosedRange<T>, _ name: String) throws -> T {
        guard range.contains(value) else {
            let (least, most) = (plain(range.lowerBound), plain(range.upperBound))
            throw ValidationError("\(name) is \(plain(value)); it must be between \(least) and \(most).")
        }
        return value
    }

    /// 5 and not 5.0.
    private static func plain<T>(_ value: T) -> String {
        if let number = value as? Double, let whole = Int(exactly: number) { return "\(whole)" }
        return "\(value)"
    }
}
