// Firecrest — processor time of a thread or of the process.
// SPDX-License-Identifier: Apache-2.0

import Glibc

enum CPUClock {
    /// Nanoseconds of CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID or another clock; 0 for one that is not there.
    ///
    /// `timespec` has no module of its own: which of several C modules Swift takes it from depends on which of them a
    /// compilation loads first, and its members are visible only where that one is imported. So they are not named here.
    static func nanoseconds(_ clock: clockid_t) -> Int64 {
        read { clock_gettime(clock, $0) }
    }

    private static func read<Time>(_ clock: (UnsafeMutablePointer<Time>) -> Int32) -> Int64 {
        withUnsafeTemporaryAllocation(of: Time.self, capacity: 1) { time in
            guard let start = time.baseAddress, clock(start) == 0 else { return 0 }
            // Seconds, then nanoseconds (POSIX.1-2024, <time.h>).
            let fields = UnsafeRawBufferPointer(time)
            guard fields.count >= 16 else { return 0 }
            return fields.load(as: Int64.self) * 1_000_000_000 + fields.load(fromByteOffset: 8, as: Int64.self)
        }
    }
}
