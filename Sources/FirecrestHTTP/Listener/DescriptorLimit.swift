// Firecrest — how many descriptors this process may have.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The process's limit on open files, `ulimit -n`.
package enum DescriptorLimit {
    /// The limit in force; 1,024 where it cannot be asked.
    package static var current: Int {
        var limit = rlimit()
        #if canImport(Glibc)
        let result = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
        let result = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return result == 0 ? Int(clamping: limit.rlim_cur) : 1_024
    }

    /// How many of them connections may take: all but a sixteenth, at least 32 and at most 256, which are left to event
    /// loops, logs, databases and what else the program opens: that does not grow with the number of clients.
    package static var connections: Int {
        let limit = current
        return max(1, limit - min(max(32, limit / 16), 256))
    }
}
