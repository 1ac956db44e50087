// Firecrest — gives memory back to the system after many connections have gone.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#endif

/// When to ask malloc to return what it keeps.
///
/// glibc keeps freed memory for the next connections, and returns by itself only what lies at the end of a heap: 15,000
/// connections that have come and gone leave some 50 MiB with a server that has none. So it is asked to, but only when most
/// have gone and the rest stays: the heap of a loop is locked for some milliseconds meanwhile, and what is returned must be
/// had anew. See docs/memory-budget.md for what it gains.
struct MemoryTrim {
    /// How often the connections are counted.
    static let interval = Duration.seconds(10)
    /// Fewer connections than that are not worth it.
    static let leastGone = 1_000

    private var most = 0
    private var last = 0

    /// Called once in each interval with the number of open connections.
    mutating func isDue(open: Int) -> Bool {
        let isQuiet = abs(open - last) < Self.leastGone / 10
        last = open
        most = max(most, open)
        guard isQuiet, most - open >= Self.leastGone, open <= most / 2 else { return false }
        most = open
        return true
    }

    /// Returns the free memory of all heaps. Does nothing where the C library is not glibc.
    static func trim() {
        #if canImport(Glibc)
        // Looked up by name: the header that declares it is in no module.
        typealias MallocTrim = @convention(c) (Int) -> CInt
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: MallocTrim.self)(0)
        #endif
    }
}
