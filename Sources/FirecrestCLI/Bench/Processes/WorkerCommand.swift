// Firecrest — `firecrest bench worker`: one process of a load that has several.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import NIOCore

/// Started by the load itself, which it hears on standard input and answers on standard output.
struct BenchWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "One process of a load; the load starts it itself.", shouldDisplay: false)

    func run() async throws {
        // Ctrl-C in a terminal reaches all its processes; the first one of them says when to end.
        signal(SIGINT, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        BenchDescriptors.raise()
        var host: LocalHost?
        let herd = LocalHerd()
        for await line in StandardInputLines.stream() {
            let answer: WorkerAnswer
            do {
                answer = try await Self.answer(WorkerLine.read(ByteBuffer(string: line)), &host, herd)
            } catch {
                answer = .failed("\(error)")
            }
            StandardOutput.print(String(buffer: try WorkerLine.write(answer)))
        }
        // The load is gone, however it went.
        await host?.close()
        await herd.close()
    }

    private static func answer(_ request: WorkerRequest, _ host: inout LocalHost?, _ herd: LocalHerd) async throws
        -> WorkerAnswer
    {
        if case .setUp(let settings) = request {
            let made = try await LocalHost(settings)
            host = made
            return .result(try await made.setUp())
        }
        switch request {
        case .setUpHerd(let settings):
            try await herd.setUpHerd(settings)
            return .done
        case .runHerd: return .herd(try await herd.runHerd())
        default: break
        }
        guard let host else { throw BenchError("nothing is set up") }
        switch request {
        case .setUp, .setUpHerd, .runHerd: return .done
        case .start(let time):
            try await host.start(at: time)
            return .done
        case .snapshot: return .result(try await host.snapshot())
        case .stop: return .published(try await host.stop())
        case .finish(let published): return .result(try await host.finish(published: published))
        }
    }
}
