// Firecrest — makes a worker's link to the hub, and makes it again.
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import NIOCore
internal import NIOPosix

/// Isolation: belongs to the adapter's loop.
final class HubDialer {
    private static let firstDelay = TimeAmount.milliseconds(10)
    private static let longestDelay = TimeAmount.seconds(1)
    private static let quietTime = TimeAmount.seconds(10)
    private static let farewell = TimeAmount.seconds(1)

    private let address: HubAddress
    private let worker: WorkerID
    private let limits: HubLimits
    private let logger: Logger
    private let eventLoop: any EventLoop
    /// The link, once the hub has taken our hello.
    private(set) var connection: HubConnection?
    private weak var adapter: HubAdapter?
    private var delay = HubDialer.firstDelay
    private var linkedAt = NIODeadline.uptimeNanoseconds(0)
    private var isAgain = false
    private var retry: Scheduled<Void>?
    private var isStopped = false
    private var ended: EventLoopPromise<Void>?
    private var lostSinceLog: UInt64 = 0
    private var lastLogged: NIODeadline?

    init(address: HubAddress, worker: WorkerID, limits: HubLimits, logger: Logger, eventLoop: any EventLoop) {
        self.address = address
        self.worker = worker
        self.limits = limits
        self.logger = logger
        self.eventLoop = eventLoop
    }

    /// Dials once. When that succeeds, the link is made again whenever it is lost.
    func start(for adapter: HubAdapter) -> EventLoopFuture<Void> {
        self.adapter = adapter
        let first = eventLoop.makePromise(of: Void.self)
        dial { result in first.completeWith(result) }
        return first.futureResult
    }

    func stop() -> EventLoopFuture<Void> {
        isStopped = true
        retry?.cancel()
        guard let connection else { return eventLoop.makeSucceededVoidFuture() }
        let ended = eventLoop.makePromise(of: Void.self)
        self.ended = ended
        if adapter?.isWriting != true {
            connection.close(Self.stopped)
        } else {
            let bound = NIOLoopBound(connection, eventLoop: eventLoop)
            eventLoop.scheduleTask(in: Self.farewell) { bound.value.close(Self.stopped) }
        }
        return ended.futureResult
    }

    /// Nothing waits any more.
    func drained() {
        if isStopped { connection?.close(Self.stopped) }
    }

    private static var stopped: HubError { HubError(.notConnected, "This worker ends.") }

    // MARK: dialing

    /// - Parameter tell: gets what became of it, once.
    private func dial(_ tell: @escaping (Result<Void, any Error>) -> Void) {
        let new = HubConnection(worker: worker, key: address.key, limits: limits)
        var tell: ((Result<Void, any Error>) -> Void)? = tell
        new.onWelcome = { [weak self] maxFrameBytes in
            self?.linked(new, maxFrameBytes)
            tell?(.success(()))
            tell = nil
        }
        new.onRecords = { [weak self] run in self?.adapter?.received(run) }
        new.onLost = { [weak self] count in self?.lost(count) }
        new.onFigures = { [weak self] statistics in self?.adapter?.received(statistics) }
        new.onEnd = { [weak self] error in
            if let untold = tell {
                tell = nil
                untold(.failure(error))
            } else {
                self?.unlinked(error)
            }
        }
        let (bound, path) = (NIOLoopBound(new, eventLoop: eventLoop), address.path)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(limits.helloTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(unixDomainSocketPath: path)
            .whenFailure { error in
                bound.value.end(HubError(.unreachable, "Nobody answers at \(path): \(error)"))
            }
    }

    private func dialAgain() {
        dial { [weak self] result in
            if case .failure(let error) = result { self?.failed(error) }
        }
    }

    private func failed(_ error: any Error) {
        guard !isStopped else { return }
        logger.debug("The hub does not answer yet.", metadata: ["error": "\(error)", "delay": "\(delay)"])
        waitAndDial()
    }

    private func waitAndDial() {
        guard !isStopped else { return }
        // Some earlier, some later, so that workers that lost their links together do not come together.
        let wait = TimeAmount.nanoseconds(Int64(Double(delay.nanoseconds) * .random(in: 0.5...1)))
        delay = min(.nanoseconds(delay.nanoseconds * 2), Self.longestDelay)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        retry = eventLoop.scheduleTask(in: wait) { bound.value.dialAgain() }
    }

    // MARK: the link

    private func linked(_ new: HubConnection, _ maxFrameBytes: Int) {
        connection = new
        linkedAt = .now()
        adapter?.linked(maxFrameBytes: maxFrameBytes, isAgain: isAgain)
        if isAgain { logger.notice("The link to the hub is there again.", metadata: ["worker": "\(worker)"]) }
        isAgain = true
        if isStopped { new.close(Self.stopped) }
    }

    private func unlinked(_ error: HubError) {
        connection = nil
        let unsent = adapter?.unlinked() ?? 0
        ended?.succeed()
        guard !isStopped else { return }
        // A link that the hub drops as soon as it has taken it is no reason to hurry.
        if linkedAt + Self.longestDelay < .now() { delay = Self.firstDelay }
        logger.warning(
            "The link to the hub was lost; until it is there again, broadcasts of this worker fail and those of others do not arrive.",
            metadata: [
                "code": "\(error.code.rawValue)", "reason": "\(error.sentence)", "worker": "\(worker)",
                "unsent": "\(unsent)",
            ])
        waitAndDial()
    }

    private func lost(_ count: UInt64) {
        adapter?.received(lost: count)
        lostSinceLog &+= count
        let now = NIODeadline.now()
        if let lastLogged, lastLogged + Self.quietTime > now { return }
        lastLogged = now
        logger.warning(
            "Broadcasts of other workers were lost: this worker did not read them in time.",
            metadata: ["worker": "\(worker)", "records": "\(lostSinceLog)"])
        lostSinceLog = 0
    }
}

@available(*, unavailable)
extension HubDialer: Sendable {}
