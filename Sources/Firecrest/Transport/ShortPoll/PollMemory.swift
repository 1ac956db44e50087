// Firecrest — what one loop remembers for clients that poll.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestPubSub
internal import NIOCore

/// The remembered topics with the loop's clock: one timer for all of them.
///
/// Isolation: belongs to its loop.
final class PollMemory: TimerEntry {
    var timerPlace = TimerPlace()
    private let topics: RecentTopics
    private let timers: LoopTimers

    init(topics: LoopTopics, timers: LoopTimers) {
        self.topics = RecentTopics(topics: topics)
        self.timers = timers
    }

    func answer(_ question: RecentQuestion) -> RecentAnswer? {
        let answer = topics.answer(question, now: timers.now)
        if !timerPlace.isScheduled { timers.schedule(self, after: question.patience) }
        return answer
    }

    /// Broadcasts of other nodes may be missing here.
    func gap() { topics.gap() }

    func timerFired() {
        if let next = topics.forgetIdle(now: timers.now) { timers.schedule(self, at: next) }
    }
}

@available(*, unavailable)
extension PollMemory: Sendable {}

extension EndpointLoops {
    /// Asks the loop that remembers the topic: the same one for all clients, wherever they are. `body` is called on
    /// `eventLoop`, which is the caller's.
    func ask(
        _ question: RecentQuestion, from eventLoop: any EventLoop, _ body: @escaping (RecentAnswer?) -> Void
    ) {
        let port = ports[InterestFilter.home(of: question.topic, among: ports.count)]
        guard port.loop.eventLoop !== eventLoop else { return body(port.loop.value.polls.answer(question)) }
        let bound = NIOLoopBound(body, eventLoop: eventLoop)
        port.loop.eventLoop.execute {
            let answer = port.loop.value.polls.answer(question)
            bound.eventLoop.execute { bound.value(answer) }
        }
    }
}
