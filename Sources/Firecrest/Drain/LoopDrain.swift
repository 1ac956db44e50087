// Firecrest — one event loop's part in a drain.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore

/// Closes the connections of one mount on one loop, evenly over the time that it is given for each batch. It walks through
/// the loop's connections: nothing is kept for each of them, and one timer serves all.
///
/// Isolation: belongs to its loop.
final class LoopDrain {
    /// Between two looks at the clock, at least. At 5,000 a second 25 connections are closed each time, on all loops together.
    private static let step = TimeAmount.milliseconds(5)

    private let loop: EndpointLoop
    private let group: ObjectIdentifier
    private var cursor: LoopContext.Cursor
    /// Those whose connection is not the loop's: long polls come and go.
    private var sessions: [any RequestedSession]
    /// Connections that it has still to close, as far as it knows: some go by themselves.
    private var left: Int

    /// Connections that there were when the drain began.
    let count: Int

    // The batch under way.
    private var share = 0
    private var closed = 0
    private var phase = 0.0
    private var begin = NIODeadline.uptimeNanoseconds(0)
    private var length = TimeAmount.zero
    private var isArmed = false

    /// - Parameter group: whose connections are meant (`OutboundSession.drainGroup`).
    init(_ group: ObjectIdentifier, on loop: EndpointLoop) {
        self.group = group
        self.loop = loop
        cursor = loop.context.endOfConnections
        sessions = loop.sessions.drained(group)
        count = sessions.count + loop.context.connectionCount(in: group)
        left = count
        loop.context.statistics.connectionsDraining += left
    }

    /// Closes `share` more over `length`. What it has not come to of the batch before is closed with them.
    ///
    /// - Parameter phase: when the first is due, as a part of the time from one to the next: loops take turns.
    func close(_ share: Int, over length: TimeAmount, phase: Double) {
        self.share = self.share - closed + share
        closed = 0
        begin = loop.context.timers.now
        self.length = length
        self.phase = phase
        if !isArmed { advance() }
    }

    /// Closes all that is left.
    ///
    /// - Returns: how many that were.
    func closeRest() -> Int {
        (share, closed) = (0, 0)
        var count = 0
        while closeNext() { count += 1 }
        loop.context.statistics.connectionsDraining -= left
        left = 0
        return count
    }

    private func advance() {
        isArmed = false
        let elapsed = loop.context.timers.now - begin
        while closed < share, time(of: closed) <= elapsed {
            guard closeNext() else { return closed = share }
            closed += 1
        }
        guard closed < share else { return }
        isArmed = true
        loop.context.after(max(Self.step, time(of: closed) - elapsed)) { self.advance() }
    }

    /// When the connection with this number is due.
    private func time(of number: Int) -> TimeAmount {
        .nanoseconds(Int64(Double(length.nanoseconds) * (Double(number) + phase) / Double(share)))
    }

    private func closeNext() -> Bool {
        if let connection = loop.context.connection(before: &cursor, in: group) {
            connection.shutDown()
        } else if let session = sessions.popLast() {
            session.shutDown()
        } else {
            return false
        }
        loop.context.statistics.connectionsDrained += 1
        if left > 0 {
            left -= 1
            loop.context.statistics.connectionsDraining -= 1
        }
        return true
    }
}

@available(*, unavailable)
extension LoopDrain: Sendable {}
