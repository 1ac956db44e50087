// Firecrest — what one event loop owns and its connections share.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestWire
package import NIOCore

/// A connection as its loop sees it, from accept to close.
///
/// Isolation: belongs to its loop.
package class LoopConnection: TimerEntry {
    // Ordered so that they share words: there is one of each for every connection.
    package var timerPlace = TimerPlace()
    fileprivate final var isDirty = false
    fileprivate final var registryIndex: Int32 = -1

    init() {}

    package func timerFired() {}

    /// Writes what is queued to the kernel. Called once per tick after `LoopContext.markDirty`.
    package func flushNow() {}

    /// The endpoint stops: say goodbye and close (a WebSocket with 1012).
    package func shutDown() {}

    /// With whom it is sent away when the endpoint stops (`OutboundSession.drainGroup`). nil: with nobody, and once it has
    /// been told to close.
    package var drainGroup: ObjectIdentifier? { nil }
}

/// The shared state of one event loop.
///
/// Isolation: belongs to its loop; other threads reach it only through the loop.
package final class LoopContext {
    package let eventLoop: any EventLoop
    package let timers: LoopTimers
    package let deflate: DeflateContexts
    package let running: RunningCode
    /// Unchecked: several are counted for each message, each in a statement of its own, and the checks that no two
    /// accesses overlap would cost as much as the framing.
    @exclusivity(unchecked) package var statistics = LoopStatistics()
    var logSampler = LogSampler()
    var httpDate = HTTPDate()
    var writeBuffers = WriteBuffers()
    var readBuffer = ReadBuffer()
    /// The endpoint stops: no new socket begins here, but for those whose connection is as new.
    package var isDraining = false
    /// All connections have been told to close: none begins any more.
    private(set) var isClosing = false
    /// Counts this loop's connections together with the other loops'. The listener's; nil without one.
    var admission: Admission?

    private var dirty: [LoopConnection] = []
    private var connections: [LoopConnection] = []
    private var deferred: [() -> Void] = []
    private var flushScheduled = false
    private var isFlushing = false
    private var deferredScheduled = false

    /// Called with the loop, or when tests bring a clock of their own.
    package init(
        eventLoop: any EventLoop, driver: (any TimerDriver)? = nil, running: RunningCode = RunningCode()
    ) {
        self.eventLoop = eventLoop
        self.running = running
        self.deflate = DeflateContexts()
        let driver = driver ?? EventLoopTimerDriver(eventLoop: eventLoop)
        self.timers = LoopTimers(driver: driver)
        guard let clock = driver as? EventLoopTimerDriver else { return }
        clock.timers = timers
        // A weak reference would make every retain of this object slower, and each message has some.
        timers.later = { [unowned self] work in nextTick(work) }
    }

    deinit {
        timers.later = nil
    }

    package var connectionCount: Int { connections.count }

    // MARK: one flush per connection and tick

    /// Flushes `connection` once, at the end of this tick, however many messages are queued until then.
    package func markDirty(_ connection: LoopConnection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
        guard !flushScheduled else { return }
        flushScheduled = true
        eventLoop.assumeIsolated().execute { self.flushAtEndOfTick() }
    }

    private func flushAtEndOfTick() {
        flushScheduled = false
        flush()
        if !deferred.isEmpty { scheduleDeferred() }
    }

    /// Flushes what is marked until now, before the end of the tick: for whoever writes to very many connections, each of
    /// which is then still at hand in the processor's caches.
    package func flush() {
        // Whoever asks from within gets its turn in the loop below.
        guard !isFlushing else { return }
        isFlushing = true
        var index = 0
        while index < dirty.count {
            let connection = dirty[index]
            index += 1
            connection.isDirty = false
            connection.flushNow()
        }
        dirty.removeAll(keepingCapacity: index <= 1_024)
        isFlushing = false
    }

    // MARK: work for the end of this tick, and later

    package func atEndOfTick(_ work: @escaping () -> Void) {
        eventLoop.assumeIsolated().execute(work)
    }

    package func after(_ delay: TimeAmount, _ work: @escaping () -> Void) {
        eventLoop.assumeIsolated().scheduleTask(in: delay, work)
    }

    // MARK: work for the next tick

    /// Runs `work` after the loop has looked at its sockets again.
    ///
    /// An event loop runs what is submitted during a tick within that tick; only something due a moment later lets
    /// reads and timers happen first. It is timed from the end of the flush, which is what takes long.
    package func nextTick(_ work: @escaping () -> Void) {
        deferred.append(work)
        if !flushScheduled { scheduleDeferred() }
    }

    private func scheduleDeferred() {
        guard !deferredScheduled else { return }
        deferredScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: .microseconds(20)) { self.runDeferred() }
    }

    private func runDeferred() {
        deferredScheduled = false
        let batch = deferred
        deferred = []
        for work in batch { work() }
    }

    // MARK: live connections

    package func register(_ connection: LoopConnection) {
        guard connection.registryIndex < 0 else { return }
        connection.registryIndex = Int32(clamping: connections.count)
        connections.append(connection)
    }

    package func unregister(_ connection: LoopConnection) {
        let index = Int(connection.registryIndex)
        guard connections.indices.contains(index), connections[index] === connection else { return }
        connection.registryIndex = -1
        let last = connections.removeLast()
        if last !== connection {
            connections[index] = last
            last.registryIndex = Int32(clamping: index)
        }
        timers.cancel(connection)
    }

    /// A place among the connections. Those behind it have been looked at.
    package struct Cursor {
        fileprivate var index: Int
    }

    package var endOfConnections: Cursor { Cursor(index: connections.count) }

    /// Walks through the connections of a group, last first. Closing them on the way moves none of those that are yet to
    /// come: one that goes leaves its place to the last.
    package func connection(before cursor: inout Cursor, in group: ObjectIdentifier) -> LoopConnection? {
        cursor.index = min(cursor.index, connections.count)
        while cursor.index > 0 {
            cursor.index -= 1
            let connection = connections[cursor.index]
            if connection.drainGroup == group { return connection }
        }
        return nil
    }

    package func connectionCount(in group: ObjectIdentifier) -> Int {
        connections.count { $0.drainGroup == group }
    }

    package func shutDownConnections() {
        isDraining = true
        isClosing = true
        for connection in connections { connection.shutDown() }
    }
}

@available(*, unavailable)
extension LoopContext: Sendable {}
