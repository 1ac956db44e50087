// Firecrest — starts the process of the clients and tells it what to do
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// This program again, as `client PORT`: a line on its standard input is a command, a line on its output the answer.
struct LoadClient: Sendable {
    private let process: pid_t
    private let line: Int32

    init(port: UInt16) throws {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw BenchmarkError("no pair of sockets: \(String(cString: strerror(errno)))")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Not /proc/self/exe, which under valgrind is valgrind.
        let program = CommandLine.arguments.first ?? ""
        let words: [String] = [program, "client", String(port)]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, program, &actions, nil, &arguments, environ)
        close(ends[1])
        guard result == 0 else {
            throw BenchmarkError("\(program) cannot be started: \(String(cString: strerror(result)))")
        }
        self.process = process
        line = ends[0]
    }

    /// Sends a line and waits for the answer.
    func command(_ command: String) throws {
        let bytes = Array((command + "\n").utf8)
        guard write(line, bytes, bytes.count) == bytes.count else { throw BenchmarkError("the client has gone") }
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while read(line, &byte, 1) == 1, byte != UInt8(ascii: "\n") { answer.append(byte) }
        guard answer.elementsEqual("ok".utf8) else {
            throw BenchmarkError("client, at \"\(command)\": \(String(decoding: answer, as: UTF8.self))")
        }
    }

    func stop() throws {
        close(line)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
