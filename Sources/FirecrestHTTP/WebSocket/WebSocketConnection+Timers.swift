// Firecrest — when a connection has been silent, paused or closing for too long.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

extension WebSocketConnection {
    func armTimer() {
        guard phase != .closed else { return }
        var next = closeDeadline
        if let pause {
            next = min(next, pause.since + parameters.stallTimeout)
        } else if phase == .open {
            if let idle = parameters.idleTimeout { next = min(next, lastHeard + idle) }
            if let ping = nextPingDeadline { next = min(next, ping) }
        }
        if next == .distantFuture {
            loop.timers.cancel(self)
        } else {
            loop.timers.schedule(self, at: next)
        }
    }

    func timeIsUp() {
        let now = loop.timers.now
        if closeDeadline <= now {
            context?.close(promise: nil)
            return
        }
        if phase == .open {
            if let pause, pause.since + parameters.stallTimeout <= now {
                loop.statistics.slowConsumers += 1
                close(
                    .tryAgainLater,
                    reason: "overloaded: messages waited \(parameters.stallTimeout.seconds) s; reconnect")
                startDraining()
            } else if pause == nil, let idle = parameters.idleTimeout, lastHeard + idle <= now {
                loop.statistics.idleTimeouts += 1
                // RFC 6455 §7.4.1, 1001. Any code but 1000 lets phoenix.js reconnect.
                close(.goingAway, reason: "idle: nothing received for \(idle.milliseconds) ms; send heartbeats")
            } else if pause == nil, let due = nextPingDeadline, due <= now {
                pingIsDue(now)
            }
        }
        armTimer()
    }

    // MARK: pings of our own

    /// When to send a ping or, while one is out, when to stop waiting for its answer.
    private var nextPingDeadline: NIODeadline? {
        guard let interval = parameters.pingInterval else { return nil }
        guard let pingedAt else { return lastRead + interval }
        return parameters.pongTimeout.map { pingedAt + $0 } ?? max(pingedAt, lastRead) + interval
    }

    private func pingIsDue(_ now: NIODeadline) {
        if let pingedAt, let limit = parameters.pongTimeout {
            if lastRead <= pingedAt {
                loop.statistics.pongTimeouts += 1
                close(
                    .goingAway,
                    reason: "no pong: nothing received for \(limit.milliseconds) ms after a ping; reconnect")
                return startDraining()
            }
            // Other bytes prove the client alive; its pong may be on its way behind them.
            self.pingedAt = nil
            return
        }
        pingedAt = now
        loop.statistics.pingsSent += 1
        var payload = ByteBuffer()
        payload.writeInteger(Self.pingData(now))
        enqueueFrame(FrameEncoder.frame(opcode: .ping, payload: payload, allocator: ByteBufferAllocator()))
    }

    /// What a ping carries: enough of its time to know the answer by, so that there is nothing more to remember.
    private static func pingData(_ time: NIODeadline) -> UInt32 { UInt32(truncatingIfNeeded: time.uptimeNanoseconds) }

    /// Whether a pong answers the ping that is out. The round trip is taken then.
    func isAnswer(_ pong: ByteBuffer) -> Bool {
        guard let pingedAt, pong.readableBytes == 4, pong.getInteger(at: pong.readerIndex) == Self.pingData(pingedAt)
        else { return false }
        self.pingedAt = nil
        loop.statistics.roundTrips.add(lastRead - pingedAt)
        armTimer()
        return true
    }
}
