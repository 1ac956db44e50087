// Firecrest — how much memory this process, server and clients, has.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// From `/proc/self/statm`; zeros where there is none.
package struct ProcessMemory: Sendable {
    /// Bytes in physical memory.
    package let resident: Int
    /// Bytes of private writable memory, touched or not: allocations count before anything is written to them.
    package let data: Int

    package static var now: ProcessMemory {
        #if os(Linux)
        guard let file = fopen("/proc/self/statm", "r") else { return ProcessMemory(resident: 0, data: 0) }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { return ProcessMemory(resident: 0, data: 0) }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = text.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
        guard pages.count >= 6 else { return ProcessMemory(resident: 0, data: 0) }
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        return ProcessMemory(resident: pages[1] * pageSize, data: pages[5] * pageSize)
        #else
        return ProcessMemory(resident: 0, data: 0)
        #endif
    }
}
