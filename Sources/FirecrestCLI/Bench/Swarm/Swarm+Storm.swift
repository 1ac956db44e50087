// Firecrest — clients that come and go.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

extension Swarm {
    /// Connect, join, leave, close; over when the server has ended the TCP connection.
    func beginCycle(_ index: Int, due: UInt64) {
        open(index, plan.place(base + index), began: due)
    }

    func leave(_ connection: BenchConnection) {
        connection.phase = .leaving
        connection.sent = 1
        batch.push(
            ref: 2, topic: connection.place.topic, of: topics, event: Self.leaveEvent,
            payload: { $0.writeStaticString("{}") })
    }

    private static let leaveEvent = Array(OutboundMessage.Event.leave.utf8)

    /// A connection went the whole way.
    func finished(_ connection: BenchConnection) {
        let index = connection.number - base
        guard connections.indices.contains(index) else { return }
        connections[index] = nil
        readTime = BenchClock.now
        if connection.place.role == .storm, isMeasured(connection.began) {
            counts.cycles += 1
            counts.cycleTimes.record(elapsed(since: connection.began))
        }
        slotIsFree(index)
    }

    func slotIsFree(_ index: Int) {
        idleSlots.append(index)
        // A server that is gone is not asked for ever.
        guard isSending, faults.total < 1_000 else { return }
        // Not from within a read, and not deeper and deeper when connections fail at once.
        loop.assumeIsolated().execute { [self] in
            guard isSending else { return }
            if settings.rate == nil {
                if let slot = idleSlots.popLast() { beginCycle(slot, due: BenchClock.now) }
            } else {
                tick()
            }
        }
    }

    // MARK: slow readers

    /// Bytes of one read: a tenth of a second's, at least one.
    var slowChunk: Int { max(1, Int(settings.slowBytesPerSecond / 10)) }

    func startSlowReaders() {
        let slow = members(.slow)
        guard !slow.isEmpty else { return }
        readSome(slow, since: BenchClock.now)
    }

    private func readSome(_ slow: [Int], since start: UInt64) {
        let allowed = Double(BenchClock.now - start) / 1e9 * settings.slowBytesPerSecond
        for index in slow {
            guard let connection = connections[index], connection.bytesAsked + Double(slowChunk) <= allowed else {
                continue
            }
            connection.bytesAsked += Double(slowChunk)
            connection.read()
        }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(100)) { [weak self] in
            guard let self, !connections.isEmpty else { return }
            readSome(slow, since: start)
        }
    }
}
