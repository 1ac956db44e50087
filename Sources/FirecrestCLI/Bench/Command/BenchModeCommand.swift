// Firecrest — what the modes of `firecrest bench` do alike: run, print, write, compare.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import UnixSignals

protocol BenchModeCommand: AsyncParsableCommand {
    var common: BenchCommonArguments { get }
    func settings() throws -> BenchSettings
}

extension BenchModeCommand {
    func validate() throws {
        _ = try settings()
    }

    func run() async throws {
        do {
            try await bench()
        } catch let error as ExitCode {
            throw error
        } catch {
            StandardError.print("firecrest bench: \(error)")
            throw ExitCode.failure
        }
    }

    private func bench() async throws {
        var settings = try settings()
        signal(SIGPIPE, SIG_IGN)
        BenchDescriptors.raise()
        settings.seed = UInt64.random(in: .min ... .max)
        let connections = settings.connections + settings.slowReaders
        let needed = max(BenchDescriptors.processes(for: connections), settings.slowReaders > 0 ? 2 : 1)
        settings.processes = min(common.processes ?? needed, connections)
        let former: FormerRun?
        do {
            _ = try BenchTarget(settings)
            former = try common.compare.map { try FormerRun(try Self.read($0)) }
        } catch {
            StandardError.print("firecrest bench: \(error)")
            throw ExitCode(2)
        }

        let isInterrupted = NIOLockedValueBox(false)
        let interrupts = Task {
            for await signal in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
                // The second does not ask.
                if isInterrupted.withLockedValue({ $0 }) { Glibc.exit(128 + signal.rawValue) }
                isInterrupted.withLockedValue { $0 = true }
            }
        }
        defer { interrupts.cancel() }

        var session = BenchSession(settings: settings)
        session.pids = try common.pids()
        session.isInterrupted = { isInterrupted.withLockedValue { $0 } }
        if common.progress ?? (isatty(STDERR_FILENO) == 1) { session.progress = { StandardError.print($0) } }
        let report = try await session.run()

        let style = Style.of(descriptor: STDOUT_FILENO)
        if let path = common.json {
            let text = try report.jsonText()
            if path == "-" { StandardOutput.print(text) } else { try Self.write(text, to: path) }
        }
        if common.json != "-" { StandardOutput.print(BenchSummary(style: style).render(report)) }
        if let former {
            let table = BenchComparison(report, former: former).render(style: style)
            if common.json == "-" { StandardError.print(table) } else { StandardOutput.print(table) }
        }
        if !report.result.faults.isEmpty { throw ExitCode.failure }
    }

    private static func read(_ path: String) throws -> ByteBuffer {
        guard let file = fopen(path, "r") else {
            throw BenchError("--compare \(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return ByteBuffer(bytes: bytes.prefix(count))
    }

    private static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else {
            throw BenchError("--json \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        let written = fputs(text, file)
        guard fclose(file) == 0, written >= 0 else {
            throw BenchError("--json \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
