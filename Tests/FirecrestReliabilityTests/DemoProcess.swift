// Firecrest — the program `firecrest demo` as a process of its own.
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import NIOCore

/// For tests of what belongs to a whole process: its descriptors, its log. The program lies beside the tests.
struct DemoProcess {
    let pid: pid_t
    let port: Int
    private let logPath: String

    var address: SocketAddress { get throws { try SocketAddress(ipAddress: "127.0.0.1", port: port) } }
    /// What it wrote to its standard error.
    var logLines: [Substring] { read(logPath).split(separator: "\n") }

    /// Starts the demo, runs `body`, and ends it. No other test's server runs meanwhile.
    static func run(_ arguments: [String] = [], _ body: (DemoProcess) async throws -> Void) async throws {
        try await ServerGate.enter(.alone) { try await start(arguments, body) }
    }

    private static func start(_ arguments: [String], _ body: (DemoProcess) async throws -> Void) async throws {
        let tests = try realpath(of: "/proc/self/exe")
        let program = tests.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/firecrest"
        let logPath = "/tmp/firecrest-\(getpid())-\(UInt32.random(in: 0 ... .max)).log"
        defer { unlink(logPath) }
        var output: [Int32] = [-1, -1]
        guard pipe(&output) == 0 else { throw TestFailure("no pipe: errno \(errno)") }
        let log = open(logPath, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        defer { for descriptor in [output[0], log] { Glibc.close(descriptor) } }
        // The tests have thousands of descriptors open; none of them is the demo's business.
        let closing = #"for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -le 2 ] || eval "exec $n>&-"; done; exec "$@""#
        let pid = try spawn(
            ["/bin/bash", "-c", closing, "bash", program, "demo", "--port", "0"] + arguments, output: output[1],
            error: log)
        Glibc.close(output[1])
        defer {
            kill(pid, SIGTERM)
            waitpid(pid, nil, 0)
        }
        let demo = DemoProcess(pid: pid, port: try portNumber(output[0]), logPath: logPath)
        try await body(demo)
        if let report = demo.logLines.first(where: { $0.contains("Sanitizer:") }) {
            throw TestFailure("a sanitizer has found something in the demo: \(report)")
        }
    }

    /// Starts a program and returns its number.
    private static func spawn(_ arguments: [String], output: Int32, error: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, error, 2)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, arguments[0], &actions, nil, &words, environ)
        guard result == 0 else { throw TestFailure("\(arguments[0]) could not be started: errno \(result)") }
        return pid
    }

    /// Waits for the line that says where it listens.
    private static func portNumber(_ output: Int32) throws -> Int {
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 4_096)
        while !text.contains("Stop with Ctrl-C") {
            let count = Glibc.read(output, &bytes, bytes.count)
            guard count > 0 else { throw TestFailure("the demo ended before it listened: \(text)") }
            text += String(decoding: bytes.prefix(count), as: UTF8.self)
        }
        guard let line = text.split(separator: "\n").first(where: { $0.contains("http://127.0.0.1:") }),
            let port = line.split(separator: ":").last.flatMap({ Int($0) })
        else { throw TestFailure("the demo does not say its port: \(text)") }
        return port
    }

    private static func realpath(of path: String) throws -> String {
        guard let resolved = Glibc.realpath(path, nil) else { throw TestFailure("\(path) leads nowhere") }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Sends it a signal, as a supervisor does.
    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits until it has ended by itself. It is not forgotten by that: whoever started it does so.
    ///
    /// - Returns: its exit code; nil when a signal ended it.
    func waitForExit(timeout: Duration) async throws -> Int32? {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        while clock.now < deadline {
            var info = siginfo_t()
            guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 else {
                throw TestFailure("the demo cannot be waited for: errno \(errno)")
            }
            // All zero while it runs.
            if info.si_signo == SIGCHLD { return info.si_code == CLD_EXITED ? info._sifields._sigchld.si_status : nil }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestFailure("the demo did not end within \(timeout)")
    }

    // MARK: what the kernel says of it

    /// The numbers of its descriptors.
    private var descriptors: Set<Int> { Set(names(in: "/proc/\(pid)/fd").compactMap { Int($0) }) }

    private func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }

    /// The processes that it has started and that have not ended.
    var children: Set<pid_t> {
        Set(
            names(in: "/proc/\(pid)/task").flatMap { task in
                read("/proc/\(pid)/task/\(task)/children").split(separator: " ").compactMap { pid_t($0) }
            })
    }

    /// Looks at them until they are as `condition` wants them.
    func waitForChildren(_ condition: (Set<pid_t>) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(15)
        while !condition(children) {
            guard ContinuousClock.now < deadline else { throw TestFailure("its processes are \(children)") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Processor time that it has used, in seconds.
    var processorSeconds: Double {
        // The fields behind the name in brackets: state is the first, user and system time the 12th and 13th.
        let fields = read("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Sets its limit so that it can open `count` descriptors more. prlimit(2) is not in the C library's module for Swift;
    /// util-linux has it as a program.
    func leaveDescriptors(_ count: Int) throws {
        let taken = descriptors
        var (limit, free) = (0, 0)
        while free < count {
            if !taken.contains(limit) { free += 1 }
            limit += 1
        }
        let setting = try Self.spawn(
            ["/usr/bin/prlimit", "--pid", "\(pid)", "--nofile=\(limit):\(limit)"], output: 1, error: 2)
        var status: Int32 = -1
        waitpid(setting, &status, 0)
        guard status == 0 else { throw TestFailure("the limit on descriptors could not be set") }
    }
}
