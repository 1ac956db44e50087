// Firecrest — what a channel waits for: messages that come later, and the end of its join's time.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP

/// A message to a channel that waits for its time.
final class DelayedInfo: TimerEntry {
    var timerPlace = TimerPlace()
    private weak var cell: AnyChannelCell?
    private let message: any Sendable

    init(cell: AnyChannelCell, message: any Sendable) {
        self.cell = cell
        self.message = message
    }

    func timerFired() {
        cell?.enqueue(.info(message))
    }
}

/// The end of the time that a join may take.
final class JoinTimer: TimerEntry {
    var timerPlace = TimerPlace()
    private weak var cell: AnyChannelCell?

    init(_ cell: AnyChannelCell) {
        self.cell = cell
    }

    func timerFired() {
        cell?.joinTimedOut()
    }
}
