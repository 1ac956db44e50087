// Firecrest — how many connections a process may have.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import Glibc

enum BenchDescriptors {
    /// What a process needs besides its connections.
    static let reserve = 64

    /// Raises the soft limit to the hard one.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Processes that `connections` need.
    static func processes(for connections: Int) -> Int {
        let each = max(1, DescriptorLimit.current - reserve)
        return max(1, (connections + each - 1) / each)
    }
}
