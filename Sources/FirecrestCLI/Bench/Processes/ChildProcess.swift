// Firecrest — starts a program with pipes for its standard input and output.
// SPDX-License-Identifier: Apache-2.0

import Glibc

struct ChildProcess {
    let pid: pid_t
    /// Its standard input, to write to.
    let input: Int32
    /// Its standard output, to read from.
    let output: Int32

    init(_ program: String, _ arguments: [String]) throws(BenchError) {
        var toChild: [Int32] = [-1, -1]
        var fromChild: [Int32] = [-1, -1]
        // Closed in whatever else is started meanwhile: an end that stays open somewhere is never at its end.
        guard pipe(&toChild) == 0 else { throw Self.failure(program) }
        guard pipe(&fromChild) == 0 else {
            for descriptor in toChild { Glibc.close(descriptor) }
            throw Self.failure(program)
        }
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, program, &actions, nil, &words, environ)
        Glibc.close(toChild[0])
        Glibc.close(fromChild[1])
        guard result == 0 else {
            Glibc.close(toChild[1])
            Glibc.close(fromChild[0])
            throw BenchError("\(program) could not be started: errno \(result)")
        }
        self.pid = pid
        input = toChild[1]
        output = fromChild[0]
    }

    private static func failure(_ program: String) -> BenchError {
        BenchError("no pipe for \(program): errno \(errno); raise `ulimit -n`")
    }
}
