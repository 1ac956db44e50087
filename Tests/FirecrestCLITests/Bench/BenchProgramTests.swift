// Firecrest — `firecrest bench` as a program: what it prints, writes and returns
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import FirecrestTestSupport
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import FirecrestCLI

@Suite("bench: program")
struct BenchProgramTests {
    /// Runs the program that lies beside the tests to its end.
    private static func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
        let program = try BenchWorkerTests.program()
        return try await NIOThreadPool.singleton.runIfActive {
            let child = try ChildProcess(program, ["firecrest", "bench"] + arguments)
            Glibc.close(child.input)
            defer { Glibc.close(child.output) }
            var text: [UInt8] = []
            var bytes = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = Glibc.read(child.output, &bytes, bytes.count)
                guard count > 0 else { break }
                text += bytes.prefix(count)
            }
            var status: Int32 = 0
            waitpid(child.pid, &status, 0)
            return (status >> 8 & 0xFF, String(decoding: text, as: UTF8.self))
        }
    }

    @Test("a run is written, and the next one compared with it; only the summary goes to standard output")
    func comparesRuns() async throws {
        let path = "/tmp/firecrest-bench-\(getpid())-\(UInt32.random(in: 0 ... .max)).json"
        defer { unlink(path) }
        try await TestServer.run(share: .alone, socket("/socket", PlaygroundSocket.self)) { server in
            let load = [
                "echo", "--url", server.socketURL, "--conns", "4", "--rate", "200", "--seconds", "0.5", "--warmup", "0",
            ]
            let first = try await Self.run(load + ["--json", path])
            #expect(first.status == 0 && first.output.contains("messages/s  (100)"), "\(first)")
            #expect(first.output.contains("errors        none"), "\(first)")
            let second = try await Self.run(load + ["--compare", path])
            #expect(second.status == 0 && second.output.contains("compared with the former run"), "\(second)")
            #expect(second.output.contains("reply_p50_us"), "\(second)")
            let third = try await Self.run(load + ["--json", "-"])
            let json = try JSON(parsing: ByteBuffer(string: third.output))
            #expect(third.status == 0 && json["figures"]?["messages"]?.doubleValue == 100, "\(third)")
        }
    }

    @Test("the exit status is 1 when anything was wrong, and 2 for wrong arguments")
    func returns() async throws {
        let nobody = try await Self.run(["connect", "--url", "ws://127.0.0.1:1/socket", "--conns", "2"])
        #expect(nobody.status == 1 && nobody.output.contains("connection refused"), "\(nobody)")
        for arguments in [
            ["echo"], ["echo", "--url", "wss://127.0.0.1:1/socket"],
            ["echo", "--url", "ws://127.0.0.1:1/s", "--conns", "0"],
            ["echo", "--url", "ws://127.0.0.1:1/s", "--source", "here"],
            ["echo", "--url", "ws://127.0.0.1:1/s", "--compare", "/nonexistent"],
        ] {
            #expect(try await Self.run(arguments).status == 2, "\(arguments)")
        }
    }
}
