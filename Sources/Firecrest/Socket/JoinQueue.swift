// Firecrest — joins that come faster than they are to be handled wait here, those of one event loop.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import FirecrestHTTP
internal import FirecrestProtocol
internal import NIOCore

/// A join that waits. The channel is there already, so that what its client sends behind the join waits in its mailbox, in
/// order; only its code has not begun.
///
/// Isolation: belongs to its loop.
final class WaitingJoin {
    fileprivate(set) var cell: AnyChannelCell?
    fileprivate var payload: Payload
    private unowned let queue: JoinQueue

    fileprivate init(_ cell: AnyChannelCell, _ payload: Payload, in queue: JoinQueue) {
        self.cell = cell
        self.payload = payload
        self.queue = queue
    }

    /// The same client asks for the same topic once more: the place stays its own.
    func pass(to cell: AnyChannelCell, _ payload: Payload) {
        queue.changeBytes(by: payload.count - self.payload.count)
        self.cell = cell
        self.payload = payload
        cell.madeRarities().waiting = self
    }

    /// The channel has ended.
    func abandon() {
        guard cell != nil else { return }
        cell = nil
        queue.changeBytes(by: -payload.count)
        payload = .empty
        queue.abandoned()
    }

    /// Out of turn.
    func begin() {
        guard let cell else { return }
        let payload = payload
        abandon()
        cell.rarities?.waiting = nil
        cell.start(payload)
    }
}

/// Lets so many joins begin each second, in the order in which they came. Heartbeats, and the messages of channels that are
/// joined, do not come by here.
///
/// Isolation: belongs to its loop.
final class JoinQueue {
    private let pace: Pace
    private let loop: LoopContext
    private let maxWaiting: Int
    private let maxBytes: Int
    private var waiting: Deque<WaitingJoin> = []
    private var abandonedCount = 0
    private var bytes = 0
    private var isArmed = false

    init(_ pace: Pace, loop: LoopContext, maxWaiting: Int, maxBytes: Int) {
        self.pace = pace
        self.loop = loop
        self.maxWaiting = maxWaiting
        self.maxBytes = maxBytes
    }

    private var count: Int { waiting.count - abandonedCount }

    enum Admission: Equatable {
        case now
        /// `add` it.
        case later
        /// Too many wait. In so many milliseconds those here will have had their turn.
        case refused(retryAfter: Int)
    }

    /// - Parameter size: bytes of the join's payload.
    func admit(size: Int) -> Admission {
        if waiting.isEmpty, pace.take(now: loop.timers.now) { return .now }
        guard count < maxWaiting, bytes + size <= maxBytes else {
            loop.statistics.joinsRefusedAsBusy += 1
            return .refused(retryAfter: Int(max(1_000, pace.time(for: count).nanoseconds / 1_000_000)))
        }
        return .later
    }

    /// A join that was admitted for later.
    ///
    /// - Parameter payload: memory of its own.
    func add(_ cell: AnyChannelCell, _ payload: Payload) {
        let join = WaitingJoin(cell, payload, in: self)
        cell.madeRarities().waiting = join
        waiting.append(join)
        bytes += payload.count
        loop.statistics.joinsWaited += 1
        loop.statistics.joinsWaiting += 1
        arm()
    }

    fileprivate func changeBytes(by count: Int) { bytes += count }

    /// Places of channels that have ended take little, but are not kept for ever either.
    fileprivate func abandoned() {
        abandonedCount += 1
        loop.statistics.joinsWaiting -= 1
        guard abandonedCount > 64, abandonedCount > waiting.count / 2 else { return }
        waiting.removeAll { $0.cell == nil }
        abandonedCount = 0
    }

    private func arm() {
        guard !isArmed else { return }
        isArmed = true
        loop.after(pace.wait(now: loop.timers.now) ?? .milliseconds(1)) { self.advance() }
    }

    private func advance() {
        isArmed = false
        while let join = waiting.first {
            guard let cell = join.cell else {
                waiting.removeFirst()
                abandonedCount -= 1
                continue
            }
            guard pace.take(now: loop.timers.now) else { break }
            waiting.removeFirst()
            bytes -= join.payload.count
            loop.statistics.joinsWaiting -= 1
            join.cell = nil
            cell.rarities?.waiting = nil
            cell.start(join.payload)
        }
        if !waiting.isEmpty { arm() }
    }
}

@available(*, unavailable)
extension JoinQueue: Sendable {}

@available(*, unavailable)
extension WaitingJoin: Sendable {}
