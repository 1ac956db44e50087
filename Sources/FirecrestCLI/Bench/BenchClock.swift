// Firecrest — the time of the machine, and the time that this process had of it.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore

enum BenchClock {
    /// Nanoseconds of the monotonic clock, which all processes of the machine share and timers of event loops follow.
    static var now: UInt64 { NIODeadline.now().uptimeNanoseconds.magnitude }

    /// Processor time of this process, in seconds.
    static var cpuSeconds: Double { Double(CPUClock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID)) / 1e9 }
}
