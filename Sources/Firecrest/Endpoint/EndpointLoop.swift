// Firecrest — one event loop of an endpoint, and the set of them.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestPubSub
internal import NIOCore

/// What lives on one loop: its connections' shared state and its topics.
///
/// Isolation: belongs to its loop.
final class EndpointLoop {
    /// Counted from 0.
    let index: Int
    let eventLoop: any EventLoop
    let context: LoopContext
    let topics: LoopTopics
    /// The topics that clients poll.
    let polls: PollMemory
    let sessions = SessionTable()
    /// For sessions on other nodes; nil where there are none.
    var relay: SessionRelay?

    init(
        index: Int, eventLoop: any EventLoop, interest: InterestFilter, usage: SerializerUsage,
        driver: (any TimerDriver)? = nil, hotTopicDelay: TimeAmount? = nil
    ) {
        self.index = index
        self.eventLoop = eventLoop
        let context = LoopContext(eventLoop: eventLoop, driver: driver)
        self.context = context
        self.topics = LoopTopics(
            loopIndex: index + 1, interest: interest, usage: usage, scheduler: context, hotTopicDelay: hotTopicDelay)
        polls = PollMemory(topics: topics, timers: context.timers)
    }
}

@available(*, unavailable)
extension EndpointLoop: Sendable {}

/// The loops of an endpoint, reachable from every thread.
struct EndpointLoops: Sendable {
    /// Carries an `EndpointLoop` to its own loop and nowhere else.
    struct Port: LoopPort {
        let loop: NIOLoopBoundBox<EndpointLoop>

        func submit(_ broadcast: Broadcast) {
            if loop.eventLoop.inEventLoop {
                loop.value.topics.accept(broadcast)
            } else {
                loop.eventLoop.execute { loop.value.topics.accept(broadcast) }
            }
        }
    }

    let ports: [Port]
    private let byEventLoop: [ObjectIdentifier: NIOLoopBoundBox<EndpointLoop>]

    init(ports: [Port]) {
        self.ports = ports
        self.byEventLoop = Dictionary(
            ports.map { (ObjectIdentifier($0.loop.eventLoop), $0.loop) }, uniquingKeysWith: { first, _ in first })
    }

    /// The loop's state. Only on that loop.
    func loop(of eventLoop: any EventLoop) -> EndpointLoop? {
        byEventLoop[ObjectIdentifier(eventLoop)]?.value
    }
}
