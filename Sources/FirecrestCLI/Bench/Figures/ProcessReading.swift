// Firecrest — what the kernel says of processes: processor time and memory.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One look at the server's processes.
struct ProcessReading: Sendable {
    /// User and system time of all of them, in seconds.
    var cpuSeconds = 0.0
    /// Bytes in physical memory.
    var residentBytes = 0

    /// - Throws: when one of the processes is not there.
    init(_ pids: [Int32]) throws(BenchError) {
        for pid in pids {
            // The name in brackets may have anything in it. User and system time are the 12th and 13th behind it.
            guard let fields = Self.read("/proc/\(pid)/stat")?.split(separator: ")").last?.split(separator: " "),
                fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
                let pages = Int(fields[21])
            else { throw BenchError("there is no process \(pid) (--pid)") }
            cpuSeconds += (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
            residentBytes += pages * Int(sysconf(Int32(_SC_PAGESIZE)))
        }
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 2_048)
        let count = fread(&bytes, 1, bytes.count, file)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
}
