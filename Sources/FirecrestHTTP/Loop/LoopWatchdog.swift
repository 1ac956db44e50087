// Firecrest — names the event loop that somebody's code blocks, and the code.
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// Asks each event loop, from a thread of its own and every half threshold, to answer. Logs once when a loop does not, with
/// the name of the code that it runs, and again when it does. A loop's part in it is one short task a few times a second.
package struct LoopWatchdog: Sendable {
    /// Times, and who is told. Everything here is called on the watching thread.
    package struct Orders: Sendable {
        /// How long a loop may do nothing before it is named. nil: only `limit` counts.
        package var threshold: TimeAmount?
        /// How long a loop may do nothing before `stuck` is called. nil: never.
        package var limit: TimeAmount?
        /// The name of the code that a loop runs, by the loop's index.
        package var name: @Sendable (Int) -> RunningName? = { _ in nil }
        /// A loop was named.
        package var blocked: @Sendable (Int, RunningName?) -> Void = { _, _ in }
        /// A loop has been blocked for `limit`. Called once for each stall.
        package var stuck: @Sendable (Int, TimeAmount, RunningName?) -> Void = { _, _, _ in }

        package init(threshold: TimeAmount?, limit: TimeAmount? = nil) {
            self.threshold = threshold
            self.limit = limit
        }
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let task: RepeatedTask

    /// Starts watching; nil when neither time is set.
    ///
    /// - Parameter context: the state of one of the loops, where stalls are counted; called on that loop.
    package init?(
        _ loops: any EventLoopGroup, _ orders: Orders, logger: Logger,
        context: @escaping @Sendable (any EventLoop) -> LoopContext?
    ) {
        guard let shortest = [orders.threshold, orders.limit].compactMap(\.self).min() else { return nil }
        let home = group.next()
        let interval = TimeAmount.nanoseconds(max(1_000_000, shortest.nanoseconds / 2))
        let watches = loops.makeIterator().enumerated().map { index, eventLoop in
            LoopWatch(index: index, eventLoop: eventLoop, context: context)
        }
        let watcher = NIOLoopBoundBox.makeBoxSendingValue(
            LoopWatcher(watches: watches, orders: orders, shortest: shortest, interval: interval, logger: logger),
            eventLoop: home)
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
    let orders: LoopWatchdog.Orders
    /// From when on a stall counts.
    let shortest: TimeAmount
    let interval: TimeAmount
    let logger: Logger
    private var lastLook = NIODeadline.now()

    init(
        watches: [LoopWatch], orders: LoopWatchdog.Orders, shortest: TimeAmount, interval: TimeAmount, logger: Logger
    ) {
        self.watches = watches
        self.orders = orders
        self.shortest = shortest
        self.interval = interval
        self.logger = logger
    }

    mutating func look() {
        let now = NIODeadline.now()
        // Who was late itself, as on a machine that slept or has no time to give, accuses nobody.
        let wasHeldUp = now - lastLook > interval + shortest
        lastLook = now
        for index in watches.indices {
            if wasHeldUp { watches[index].askedAt = now }
            look(at: &watches[index], now)
        }
    }

    private func look(at watch: inout LoopWatch, _ now: NIODeadline) {
        if let answered = watch.answer() {
            if watch.isReported {
                logger.warning(
                    "An event loop goes on: it recovered after a stall.",
                    metadata: watch.metadata(answered - watch.askedAt, watch.name))
            }
            watch.isReported = false
            watch.isStuck = false
            watch.ask(now, threshold: shortest)
            return
        }
        let duration = now - watch.askedAt
        if let threshold = orders.threshold, duration >= threshold, !watch.isReported {
            watch.isReported = true
            watch.name = orders.name(watch.index)
            logger.error(
                "An event loop is blocked: code that runs on it does not return. Mark handlers that block `.offloaded`.",
                metadata: watch.metadata(duration, watch.name))
            orders.blocked(watch.index, watch.name)
        }
        if let limit = orders.limit, duration >= limit, !watch.isStuck {
            watch.isStuck = true
            orders.stuck(watch.index, duration, orders.name(watch.index))
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
    var isStuck = false
    /// Of the code that was reported.
    var name: RunningName?
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

    func metadata(_ duration: TimeAmount, _ name: RunningName?) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["loop": "\(index)", "milliseconds": "\(duration.milliseconds)"]
        if let name {
            metadata["code"] = "\(name.type)"
            metadata["event"] = "\(name.event)"
            if let topic = name.topic { metadata["topic"] = "\(topic)" }
        }
        return metadata
    }
}
