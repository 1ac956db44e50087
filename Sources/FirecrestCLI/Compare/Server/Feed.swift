// Firecrest — the live feed: the same message to every way's server, at a rate.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import NIOCore

/// Isolation: not Sendable; belongs to the feed's loop.
final class Feed {
    private let loop: any EventLoop
    private let endpoints: [Endpoint]
    private let payloadBytes: Int
    private let failed: (String) -> Void
    private var period: TimeAmount
    private var next = NIODeadline.now()
    private var timer: Scheduled<Void>?
    /// Rises when the timer is no longer meant: a loop still runs what was due when it looked, cancelled or not.
    private var turn = 0
    private(set) var sent = 0

    init(
        _ settings: CompareSettings, loop: any EventLoop, endpoints: [Endpoint], failed: @escaping (String) -> Void
    ) {
        self.loop = loop
        self.endpoints = endpoints
        self.failed = failed
        payloadBytes = settings.payloadBytes
        period = settings.period
    }

    func start() {
        next = .now() + period
        schedule()
    }

    func adjust(period: TimeAmount) {
        guard timer != nil else { return }
        self.period = period
        stop()
        next = .now() + period
        schedule()
    }

    func stop() {
        turn += 1
        timer?.cancel()
        timer = nil
    }

    private func schedule() {
        let turn = turn
        timer = loop.assumeIsolated().scheduleTask(deadline: next) { [self] in
            if turn == self.turn { tick() }
        }
    }

    private func tick() {
        let message = FeedMessage(number: sent + 1, sent: .now())
        do {
            let payload = try message.payload(bytes: payloadBytes)
            sent += 1
            for endpoint in endpoints { try endpoint.broadcast(Topic(FeedMessage.topic), FeedMessage.event, payload) }
        } catch {
            stop()
            failed("the feed could not be sent: \(error)")
            return
        }
        // Times are kept by the clock; a machine that cannot follow sends fewer, and not all that were due at once.
        next = max(next + period, .now())
        schedule()
    }
}

@available(*, unavailable)
extension Feed: Sendable {}
