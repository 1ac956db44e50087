// Firecrest — names the event loop that somebody's code blocks.
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Asks each event loop, from a thread of its own and every half threshold, to answer. Logs once when a loop does not, and
/// again when it does. A loop's part in it is one short task a few times a second.
package struct LoopWatchdog: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let task: RepeatedTask

    /// Starts watching.
    ///
    /// - Parameter context: the state of one of the loops, where stalls are counted; called on that loop.
    package init(
        _ loops: any EventLoopGroup, threshold: TimeAmount, logger: Logger,
        context: @escaping @Sendable (any EventLoop) -> LoopContext?
    ) {
        let home = group.next()
        let interval = TimeAmount.nanoseconds(max(1_000_000, threshold.nanoseconds / 2))
        let watches = loops.makeIterator().enumerated().map { index, eventLoop in
            LoopWatch(index: index, eventLoop: eventLoop, context: context)
        }
        let watcher = NIOLoopBoundBox.makeBoxSendingValue(
            LoopWatcher(watches: watches, threshold: threshold, interval: interval, logger: logger), eventLoop: home)
        task = home.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in watcher.value.look() }
    }

    package func stop() async {
        task.cancel()
        try? await group.shutdownGracefully()
    }
}

/// Isolation: belongs to the watching thread.
private struct LoopWatcher {
    var watches: [LoopWatch]
    let threshold: TimeAmount
    let interval: TimeAmount
    let logger: Logger
    private var lastLook = NIODeadline.now()

    init(watches: [LoopWatch], threshold: TimeAmount, interval: TimeAmount, logger: Logger) {
        self.watches = watches
        self.threshold = threshold
        self.interval = interval
        self.logger = logger
    }

    mutating func look() {
        let now = NIODeadline.now()
        // Who was late itself, as on a machine that slept or has no time to give, accuses nobody.
        let wasHeldUp = now - lastLook > interval + threshold
        lastLook = now
        for index in watches.indices {
            if wasHeldUp { watches[index].askedAt = now }
            look(at: &watches[index], now)
        }
    }

    private func look(at watch: inout LoopWatch, _ now: NIODeadline) {
        if let answered = watch.answer() {
            if watch.isReported {
                watch.isReported = false
                logger.warning(
                    "An event loop goes on: it recovered after a stall.",
                    metadata: watch.metadata(answered - watch.askedAt))
            }
            watch.ask(now, threshold: threshold)
        } else if now - watch.askedAt >= threshold, !watch.isReported {
            watch.isReported = true
            logger.error(
                "An event loop is blocked: code that runs on it does not return. Mark handlers that block `.offloaded`.",
                metadata: watch.metadata(now - watch.askedAt))
        }
    }
}

/// One loop as the watching thread knows it.
private struct LoopWatch {
    /// What the watched loop writes.
    private final class Heart: Sendable {
        /// When the last question was answered, in nanoseconds of `NIODeadline`; 0 while it is open.
        let answeredAt = Atomic<UInt64>(1)
    }

    let index: Int
    let eventLoop: any EventLoop
    let context: @Sendable (any EventLoop) -> LoopContext?
    var askedAt = NIODeadline.now()
    var isReported = false
    private let heart = Heart()

    init(index: Int, eventLoop: any EventLoop, context: @escaping @Sendable (any EventLoop) -> LoopContext?) {
        self.index = index
        self.eventLoop = eventLoop
        self.context = context
    }

    func answer() -> NIODeadline? {
        let time = heart.answeredAt.load(ordering: .acquiring)
        return time == 0 ? nil : .uptimeNanoseconds(time)
    }

    mutating func ask(_ now: NIODeadline, threshold: TimeAmount) {
        askedAt = now
        let (heart, eventLoop, context) = (heart, eventLoop, context)
        heart.answeredAt.store(0, ordering: .releasing)
        eventLoop.execute {
            let time = NIODeadline.now()
            if time - now >= threshold { context(eventLoop)?.statistics.loopStalls += 1 }
            heart.answeredAt.store(time.uptimeNanoseconds, ordering: .releasing)
        }
    }

    func metadata(_ duration: TimeAmount) -> Logger.Metadata {
        ["loop": "\(index)", "milliseconds": "\(duration.milliseconds)"]
    }
}
