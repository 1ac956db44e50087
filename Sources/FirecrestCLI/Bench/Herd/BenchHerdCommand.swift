// Firecrest — `firecrest bench herd`: clients that come back by themselves, while the server is restarted under them.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FirecrestProtocol
import Glibc
import NIOCore

struct BenchHerdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "herd",
        abstract: "Clients like pages with phoenix.js: they join, beat, and come back whenever they are cut off.",
        discussion: """
            Restart the server, or a part of it, while this runs. A close with any code but 1000 is followed by a new \
            connection after 10 ms, then 50, 100, 150, 200, 250, 500, 1000, 2000, and 5000 ms, without jitter, and by a \
            join; --backoff firecrest tries as firecrest.js does. Reported by tenths of a second: who was joined, closes, \
            attempts, refusals; the most attempts in any second; how long each client was away.

            Exit status: 0 when every client was joined at the end, 1 otherwise.
            """)

    @Option(help: "The socket's URL: ws://127.0.0.1:4000/socket. /websocket and vsn=2.0.0 are added.")
    var url: String
    @Option(help: "Clients, 1 to 1000000.") var clients = 1_000
    @Option(help: "Seconds of the run, which begins when all have joined.") var seconds = 30.0
    @Option(help: "The clients' topic; %d becomes the number of the topic.") var topic = "room:%d"
    @Option(help: "Clients of one topic.") var members = 1
    @Option(help: "When they come back: phoenix or firecrest.") var backoff = HerdBackoff.phoenix
    @Option(help: "Seconds from one heartbeat of a client to its next; 0: none.") var heartbeat = 30.0
    @Option(help: "Seconds that a client waits for a reply.") var patience = 10.0
    @Option(help: "Handshakes under way at once until all have joined, 1 to 10000.") var inflight = 256
    @Option(help: "Processes that share the clients, 1 to 256 (default: as many as the descriptors need).")
    var processes: Int?
    @Option(help: "Local addresses to connect from, with commas between (default on loopback: one for each 4000).")
    var source: String?
    @Option(help: "Write the result as JSON to this file.") var json: String?

    func validate() throws { _ = try settings() }

    func settings() throws -> HerdSettings {
        var bench = BenchSettings(mode: .idle, url: url)
        bench.connections = try BenchCheck.range(clients, 1...1_000_000, "--clients")
        bench.topic = topic
        bench.members = try BenchCheck.range(members, 1...1_000_000, "--members")
        bench.heartbeat = try BenchCheck.range(heartbeat, 0...86_400, "--heartbeat")
        bench.inflight = try BenchCheck.range(inflight, 1...10_000, "--inflight")
        bench.sources = source.map { $0.split(separator: ",").map(String.init) } ?? []
        if let processes { _ = try BenchCheck.range(processes, 1...256, "--processes") }
        var settings = HerdSettings(bench: bench, clients: clients)
        settings.seconds = try BenchCheck.range(seconds, 0.1...86_400, "--seconds")
        settings.patience = try BenchCheck.range(patience, 0.1...600, "--patience")
        settings.backoff = backoff
        return settings
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        BenchDescriptors.raise()
        do {
            // A client that comes back may still hold the descriptor that it had.
            let needed = BenchDescriptors.processes(for: clients + clients / 4)
            let result = try await Self.run(try settings(), processes: min(processes ?? needed, clients))
            StandardOutput.print(HerdSummary.render(result) + "\n")
            if let json { try Self.write(String(buffer: try Payload(encoding: HerdReport(result)).bytes), to: json) }
            guard result.notBack == 0, result.sentAway == 0 else { throw ExitCode.failure }
        } catch let error as ExitCode {
            throw error
        } catch {
            StandardError.print("firecrest bench: \(error)")
            throw ExitCode.failure
        }
    }

    static func run(_ settings: HerdSettings, processes: Int) async throws -> HerdResult {
        var hosts: [any HerdHost] = []
        for _ in 0..<processes {
            hosts.append(processes > 1 ? try await ProcessHost(settings.bench) as any HerdHost : LocalHerd())
        }
        let all = hosts
        let began = BenchClock.now
        return try await closing(all) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, host) in all.enumerated() {
                    var part = settings
                    part.bench.processes = processes
                    part.bench.process = index
                    let settings = part
                    group.addTask { try await host.setUpHerd(settings) }
                }
                try await group.waitForAll()
            }
            let seconds = BenchText.decimal(Double(BenchClock.now - began) / 1e9, 1)
            // Scripts wait for this line.
            StandardOutput.print("\(BenchText.count(settings.clients)) clients have joined in \(seconds) s\n")
            fflush(nil)
            return try await withThrowingTaskGroup(of: HerdResult.self) { group in
                for host in all { group.addTask { try await host.runHerd() } }
                return try await group.reduce(into: HerdResult()) { $0.merge($1) }
            }
        }
    }

    private static func closing<T: Sendable>(
        _ hosts: [any HerdHost], _ body: () async throws -> T
    ) async throws -> T {
        do {
            let value = try await body()
            for host in hosts { await host.close() }
            return value
        } catch {
            for host in hosts { await host.close() }
            throw error
        }
    }

    private static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else {
            throw BenchError("--json \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        fputs(text + "\n", file)
        fclose(file)
    }
}

extension HerdBackoff: ExpressibleByArgument {}
