// Firecrest — the end of a run: what is outstanding comes or is lost.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension Swarm {
    var snapshot: SwarmResult { SwarmResult(counts: counts, faults: faults, isDone: isDone) }

    /// Whether all messages went out that were to, and all came back.
    private var isDone: Bool {
        guard let most = settings.maxMessages.map({ UInt32(clamping: $0) }) else { return false }
        return connections.allSatisfy { connection in
            guard let connection else { return true }
            return switch connection.place.role {
            case .echo: connection.sent == most && connection.answered == most
            case .speaker, .listener: connection.heard == most
            case .idle, .slow, .storm: true
            }
        }
    }

    /// Sends nothing more.
    ///
    /// - Returns: how many broadcasts this process's speakers published, by topic.
    func stop() -> [Int32: UInt32] {
        let now = BenchClock.now
        if windowEnd > now {
            windowEnd = now
            ownCPU.seconds = BenchClock.cpuSeconds - ownCPU.start
        }
        isSending = false
        pacers = []
        tickTimer?.cancel()
        var published: [Int32: UInt32] = [:]
        for case let connection? in connections where connection.place.role == .speaker {
            published[connection.place.topic] = connection.sent
        }
        return published
    }

    /// Waits for what is outstanding, as long as something comes; closes all connections.
    ///
    /// - Parameter published: by topic, of all processes.
    func finish(published: [Int32: UInt32]) -> EventLoopFuture<SwarmResult> {
        let promise = loop.makePromise(of: SwarmResult.self)
        wait(published, promise, last: .max, since: BenchClock.now)
        return promise.futureResult
    }

    private func wait(
        _ published: [Int32: UInt32], _ promise: EventLoopPromise<SwarmResult>, last: Int, since: UInt64
    ) {
        let left = outstanding(published)
        let now = BenchClock.now
        let since = left < last ? now : since
        guard left > 0, now - since < UInt64(settings.patience * 1e9) else {
            end(published)
            promise.succeed(snapshot)
            return
        }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(5)) {
            self.wait(published, promise, last: min(left, last), since: since)
        }
    }

    /// Messages that are still to come, and connections that are still to end.
    func outstanding(_ published: [Int32: UInt32]) -> Int {
        var left = 0
        for case let connection? in connections {
            switch connection.place.role {
            case .echo: left += Int(connection.sent - min(connection.sent, connection.answered))
            case .speaker, .listener:
                let all = published[connection.place.topic] ?? connection.heard
                left += Int(all - min(all, connection.heard))
            case .storm: left += 1
            case .idle: left += connection.beatTime > 0 ? 1 : 0
            case .slow: break
            }
        }
        return left
    }

    private func end(_ published: [Int32: UInt32]) {
        tickTimer?.cancel()
        for case let connection? in connections {
            switch connection.place.role {
            case .echo:
                let lost = lost(connection.sent, after: connection.answered, key: UInt64(connection.number) << 1)
                faults.add(.replyLost, count: lost, "\(lost) on connection \(connection.number)")
            case .speaker, .listener:
                let all = published[connection.place.topic] ?? connection.heard
                let lost = lost(all, after: connection.heard, key: UInt64(connection.number) << 1 | 1)
                faults.add(.broadcastLost, count: lost, "\(lost) on connection \(connection.number)")
            case .storm:
                faults.add(.noProgress, "connection \(connection.number) was \(connection.phase.meaning) at the end")
            case .idle:
                if connection.beatTime > 0 { faults.add(.heartbeatLost, "the last of connection \(connection.number)") }
            case .slow: break
            }
        }
        counts.cpuSeconds = ownCPU.seconds
        counts.busiest = ownCPU.seconds
        let open = connections
        connections = []
        tallies = [:]
        for case let connection? in open {
            if connection.isJoined { connection.close() }
            connection.drop()
        }
    }

    private func lost(_ all: UInt32, after last: UInt32, key: UInt64) -> Int {
        guard var tally = tallies[key] else { return Int(all - min(all, last)) }
        tally.end(at: Int(all))
        return tally.lost
    }
}
