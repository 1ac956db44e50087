// Firecrest — one client of a herd: connects, joins, beats, and comes back.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// Isolation: not Sendable; belongs to its herd's loop.
final class HerdClient {
    let herd: Herd
    let number: Int
    private var connection: HerdConnection?
    private(set) var isJoined = false
    private(set) var wasJoined = false
    private(set) var wasCut = false
    private(set) var isSentAway = false
    /// When it lost what it had; 0: it lacks nothing.
    private var lostAt: UInt64 = 0
    private var tries = 0
    private var joinTries = 0
    /// When the next heartbeat is due, and when the one that is out went out.
    private var nextBeat: UInt64 = 0
    private var beatSent: UInt64 = 0
    private var joinSent: UInt64 = 0

    init(_ herd: Herd, number: Int) {
        self.herd = herd
        self.number = number
    }

    func connect() {
        guard connection == nil, !isSentAway else { return }
        if wasJoined { herd.slot.attempts += 1 }
        let connection = HerdConnection(self)
        self.connection = connection
        herd.connect(connection, number: number)
    }

    /// At the end of a run.
    func leave() {
        isSentAway = true
        connection?.drop()
        connection = nil
    }

    // MARK: from the connection

    func opened() {
        if wasJoined { herd.slot.reconnects += 1 }
        if herd.settings.backoff == .phoenix { tries = 0 }
        joinTries = 0
        join()
    }

    func failed() {
        connection = nil
        herd.slot.refused += 1
        tryAgain()
    }

    /// It was open.
    ///
    /// - Parameter code: of the close frame.
    func ended(_ code: UInt16?) {
        connection = nil
        herd.slot.closes += 1
        herd.result.closeCodes[code.map { "\($0)" } ?? "none", default: 0] += 1
        beatSent = 0
        if isJoined {
            isJoined = false
            wasCut = true
            lostAt = BenchClock.now
            herd.joinedCount -= 1
        }
        if code == 1000 {
            isSentAway = true
            herd.result.sentAway += 1
        } else {
            tryAgain()
        }
    }

    private func tryAgain() {
        tries += 1
        herd.after(herd.settings.backoff.reconnect(tries, &herd.random)) { self.connect() }
    }

    private func join() {
        guard let connection, !isJoined else { return }
        joinSent = BenchClock.now
        let sent = joinSent
        connection.send(#"["1","1","\#(herd.topic(number))","phx_join",{}]"#)
        herd.after(UInt64(herd.settings.patience * 1e9)) {
            if self.connection === connection, !self.isJoined, self.joinSent == sent { self.joinFailed() }
        }
    }

    private func joinFailed() {
        joinTries += 1
        herd.slot.joinsRefused += 1
        let connection = connection
        herd.after(herd.settings.backoff.rejoin(joinTries, &herd.random)) {
            if let connection, self.connection === connection { self.join() }
        }
    }

    func received(_ payload: ByteBuffer) {
        if herd.settings.backoff == .firecrest { tries = 0 }
        guard let message = try? JSON(parsing: payload).arrayValue, message.count == 5,
            message[3].stringValue == OutboundMessage.Event.reply
        else { return }
        let isOK = message[4]["status"]?.stringValue == "ok"
        switch message[1].stringValue {
        case "h": beatAnswered()
        case "1" where !isJoined: if isOK { joined() } else { joinFailed() }
        default: break
        }
    }

    private func joined() {
        let now = BenchClock.now
        isJoined = true
        herd.joinedCount += 1
        if lostAt > 0 { herd.result.away.record(now - lostAt) }
        lostAt = 0
        if !wasJoined {
            wasJoined = true
            herd.joinedFirst()
        }
        // Each has a phase of its own, as pages that were opened one by one.
        let interval = herd.heartbeat
        nextBeat = interval > 0 ? now + herd.random.next() % interval : .max
    }

    // MARK: heartbeats

    func beat(_ now: UInt64) {
        if beatSent > 0, now - beatSent > UInt64(herd.settings.patience * 1e9) {
            // As good as closed.
            connection?.drop()
            return ended(nil)
        }
        guard isJoined, beatSent == 0, nextBeat <= now else { return }
        beatSent = now
        connection?.send(#"[null,"h","phoenix","heartbeat",{}]"#)
    }

    private func beatAnswered() {
        guard beatSent > 0 else { return }
        let now = BenchClock.now
        if !wasCut { herd.record(heartbeat: now - beatSent, at: now) }
        beatSent = 0
        nextBeat = now + herd.heartbeat
    }
}

@available(*, unavailable)
extension HerdClient: Sendable {}
