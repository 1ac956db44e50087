// Firecrest — all links of the hub, and what goes from one to the others.
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore

/// Isolation: belongs to the hub's loop.
final class HubCore {
    let limits: HubLimits
    let logger: Logger
    private let key: [UInt8]
    private let user: UInt32
    /// Every link, by its identity; no more than `HubLimits.maxLinks`.
    private var links: [ObjectIdentifier: HubLink] = [:]
    /// Those that have said hello.
    private var workers: [HubLink] = []
    private var statistics = HubStatistics()
    private var budget = LineBudget()
    private let eventLoop: any EventLoop
    /// What the workers know of our figures.
    private var told = HubStatistics()
    private var isTelling = false

    init(key: String, limits: HubLimits, user: UInt32, logger: Logger, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.key = Array(key.utf8)
        self.limits = limits
        self.user = user
        self.logger = logger
    }

    var currentStatistics: HubStatistics {
        var statistics = statistics
        statistics.workers = workers.count
        statistics.bytesQueued = workers.reduce(0) { $0 + $1.queuedBytes }
        return statistics
    }

    // MARK: links that come and go

    /// - Throws: `HubError` when the link may not stay.
    func add(_ link: HubLink, user: UInt32?) throws(HubError) {
        guard links.count < limits.maxLinks else {
            throw HubError(.tooManyLinks, "There are \(links.count) links already, which is the limit.")
        }
        // Counted from now on: it is there until its connection has ended.
        links[ObjectIdentifier(link)] = link
        if let user, user != self.user {
            throw HubError(.wrongUser, "The process at the other end belongs to user \(user), not to \(self.user).")
        }
    }

    func remove(_ link: HubLink) {
        links[ObjectIdentifier(link)] = nil
        workers.removeAll { $0 === link }
        tellSoon()
    }

    /// - Throws: `HubError` when the key is not ours.
    func greet(_ link: HubLink, _ worker: WorkerID, key: String) throws(HubError) {
        guard isOurs(key) else {
            throw HubError(.wrongKey, "The hello shows another key than this hub's.")
        }
        // A worker that connects again has given up its old link, also where that has not been noticed here.
        if let former = workers.first(where: { $0.worker == worker }) {
            former.drop(HubError(.replaced, "The worker has connected again."))
        }
        workers.append(link)
        statistics.hellos += 1
        tellSoon()
    }

    /// Takes as long for every key.
    private func isOurs(_ shown: String) -> Bool {
        let shown = Array(shown.utf8)
        guard shown.count == key.count else { return false }
        return zip(shown, key).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    func dropped(_ worker: WorkerID?, _ error: HubError) {
        statistics.dropped[error.code, default: 0] += 1
        tellSoon()
        guard let suppressed = budget.take() else { return }
        var metadata: Logger.Metadata = [
            "code": "\(error.code.rawValue)", "reason": "\(error.sentence)",
            "worker": "\(worker.map { "\($0)" } ?? "unknown")", "links": "\(links.count)",
        ]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning("A link to the hub was dropped; the others go on.", metadata: metadata)
    }

    func closeAll() {
        for link in Array(links.values) { link.close() }
    }

    // MARK: records

    /// Queues records for everybody else. They go out with `flush`.
    func forward(_ run: HubRun, from link: HubLink) {
        statistics.recordsReceived += run.count
        statistics.bytesReceived += run.bytes.readableBytes
        tellSoon()
        for other in workers where other !== link {
            if other.offer(run) {
                statistics.recordsForwarded += run.count
            } else {
                statistics.recordsLost += run.count
            }
        }
    }

    /// One write for each link, whatever a read has brought.
    func flush() {
        for link in workers { link.flush() }
    }

    // MARK: figures

    /// Each worker has the figures on its page, at most so old.
    private static let tellInterval = TimeAmount.seconds(1)

    /// Once a second while something changes, and never otherwise.
    private func tellSoon() {
        guard !isTelling else { return }
        isTelling = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: Self.tellInterval) { bound.value.tell() }
    }

    private func tell() {
        isTelling = false
        let statistics = currentStatistics
        // That a queue has become empty is told as well.
        if statistics.bytesQueued > 0 { tellSoon() }
        guard statistics != told else { return }
        told = statistics
        var frame = ByteBuffer()
        HubFrame.writeFigures(statistics, to: &frame)
        for link in workers { link.tell(frame) }
    }
}

@available(*, unavailable)
extension HubCore: Sendable {}

/// Ten lines a second, so that whoever connects in vain again and again cannot fill the log.
private struct LineBudget {
    private var end = NIODeadline.uptimeNanoseconds(0)
    private var lines = 0
    private var suppressed = 0

    /// - Returns: how many were left out before this one; nil when it is left out itself.
    mutating func take() -> Int? {
        let now = NIODeadline.now()
        if now >= end {
            end = now + .seconds(1)
            lines = 0
        }
        guard lines < 10 else {
            suppressed += 1
            return nil
        }
        lines += 1
        defer { suppressed = 0 }
        return suppressed
    }
}
