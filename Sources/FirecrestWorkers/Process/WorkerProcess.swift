// Firecrest — one worker as a process: its start, its end, the control socket to it.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// What a worker is started with.
struct WorkerProgram: Sendable {
    /// Found in the environment of a worker: the number of its control socket.
    static let variable = "FIRECREST_WORKER"
    static let controlDescriptor: CInt = 3

    var path: String
    /// With the name of the program first.
    var arguments: [String]
    /// `NAME=value`.
    var environment = Self.environment(from: Self.inherited)

    /// A worker's environment: that of the process that starts it, with what makes it a worker, and with how it reports a trap
    /// where nobody has said. Swift's runtime writes a report before the process ends, and its clients wait for that: 5 s
    /// where each frame's name is looked up in a program of 130 MB, 0.03 s with the addresses alone (docs/operations.md says
    /// how to look them up). Registers are left out: what they point at may be a client's message.
    static func environment(from inherited: [String]) -> [String] {
        var variables = inherited.filter { !$0.hasPrefix("\(variable)=") }
        variables.append("\(variable)=\(controlDescriptor)")
        if !inherited.contains(where: { $0.hasPrefix("SWIFT_BACKTRACE=") }) {
            variables.append("SWIFT_BACKTRACE=symbolicate=off,threads=crashed,registers=none")
        }
        return variables
    }

    private static var inherited: [String] {
        var variables: [String] = []
        var variable = environ
        while let text = variable.pointee {
            variables.append(String(cString: text))
            variable += 1
        }
        return variables
    }

    /// This program with its own arguments. Its path is followed anew at each start: a file that was replaced meanwhile
    /// is what the next worker runs.
    static func current() throws(WorkersError) -> WorkerProgram {
        var bytes = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &bytes, bytes.count - 1)
        guard count > 0 else {
            throw WorkersError(
                code: "no_program", "this program's file cannot be found (errno \(errno)); workers need /proc")
        }
        var path = String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let suffix = " (deleted)"
        if path.hasSuffix(suffix) { path.removeLast(suffix.count) }
        return WorkerProgram(path: path, arguments: CommandLine.arguments)
    }
}

/// A process that was started, until it has been waited for.
struct WorkerProcess {
    let pid: pid_t
    let control: ControlSocket

    /// - Throws: with the reason that the system gave.
    init(_ program: WorkerProgram) throws(ControlSocketError) {
        let (ours, theirs) = try ControlSocket.pair()
        defer { theirs.close() }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, theirs.descriptor, WorkerProgram.controlDescriptor)

        // A process group of its own: Ctrl-C at the terminal is for the supervising process, which ends its workers in order.
        // Signals as at the start of any program: what this one ignores or blocks is its own affair.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var arguments: [UnsafeMutablePointer<CChar>?] = program.arguments.map { strdup($0) } + [nil]
        defer { for word in arguments { free(word) } }
        var variables: [UnsafeMutablePointer<CChar>?] = program.environment.map { strdup($0) } + [nil]
        defer { for variable in variables { free(variable) } }

        Self.keepDescriptorsHere()
        var pid: pid_t = 0
        let result = posix_spawn(&pid, program.path, &actions, &attributes, &arguments, &variables)
        guard result == 0 else {
            ours.close()
            errno = result
            throw ControlSocketError("posix_spawn of \(program.path)")
        }
        self.pid = pid
        control = ours
    }

    /// What else is open here is no business of a worker's. NIO's accepted sockets, such as the hub's, would be open there
    /// too, for as long as that worker lives.
    private static func keepDescriptorsHere() {
        guard let folder = opendir("/proc/self/fd") else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let number = CInt(name), number > STDERR_FILENO else { continue }
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        }
    }

    func signal(_ number: CInt) {
        kill(pid, number)
    }

    /// How the process ended, as the end of a sentence; nil while it has not.
    func ending() -> String? {
        var status: CInt = 0
        return waitpid(pid, &status, WNOHANG) == pid ? Self.describe(status) : nil
    }

    private static func describe(_ status: CInt) -> String {
        let signal = status & 0x7f
        guard signal != 0 else {
            let code = (status >> 8) & 0xff
            return code == 0 ? "ended" : "ended with exit code \(code)"
        }
        let name = [SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS"][
            signal]
        if let name { return "crashed with \(name)" }
        return signal == SIGKILL ? "was killed (SIGKILL)" : "was ended by signal \(signal)"
    }
}
