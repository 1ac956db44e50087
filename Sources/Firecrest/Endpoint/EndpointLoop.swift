// Firecrest — one event loop of an endpoint, and the set of them.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestPubSub
internal import Logging
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
    /// nil: joins begin as they come.
    let joins: JoinQueue?
    /// For sessions on other nodes; nil where there are none.
    var relay: SessionRelay?
    /// On the first loop, where there are other nodes.
    var inquiries: NodeInquiries?
    /// While the endpoint stops: by mount.
    var drains: [ObjectIdentifier: LoopDrain] = [:]

    init(
        index: Int, eventLoop: any EventLoop, interest: InterestFilter, usage: SerializerUsage,
        driver: (any TimerDriver)? = nil, running: RunningCode = RunningCode(), hotTopicDelay: TimeAmount? = nil,
        joins: (LoopContext) -> JoinQueue? = { _ in nil }
    ) {
        self.index = index
        self.eventLoop = eventLoop
        let context = LoopContext(eventLoop: eventLoop, driver: driver, running: running)
        self.context = context
        self.joins = joins(context)
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
        /// For other threads.
        var running = RunningCode()

        func submitGap() { loop.eventLoop.execute { loop.value.polls.gap() } }

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

    /// Logs what another node sent and nobody here understands. From any thread: one loop keeps the count, so that a node
    /// gone wrong cannot flood the log.
    func logUnreadable(_ error: any Error, to logger: Logger) {
        guard let loop = ports.first?.loop else { return }
        let reason = "\(error)"
        loop.eventLoop.execute {
            loop.value.context.statistics.nodeMessagesDropped += 1
            loop.value.context.log(
                .nodeMessageDropped, .warning, to: logger, "A message of another node could not be read.",
                metadata: ["reason": "\(reason.forLog())"])
        }
    }

    /// How long a loop may take to answer whoever stops the endpoint.
    static let patience = Duration.seconds(2)

    /// What `read` says on each loop, in their order; nil from one that does not answer within `patience`: code of the user's
    /// blocks it, or it is gone. `read` runs there nevertheless, should it go on.
    func gather<T: Sendable>(_ read: @escaping @Sendable (EndpointLoop) -> T) async -> [T?] {
        let asked = ports.map { port in port.loop.eventLoop.submit { read(port.loop.value) } }
        let deadline = ContinuousClock.now + Self.patience
        // Each on its own: behind one that does not answer, the others' time would be over before they are looked at.
        return await withTaskGroup { group in
            for (index, answer) in asked.enumerated() {
                group.addTask { (index, await answer.value(before: deadline)) }
            }
            var answers = [T?](repeating: nil, count: asked.count)
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
    }

    /// The loop's state. Only on that loop.
    func loop(of eventLoop: any EventLoop) -> EndpointLoop? {
        byEventLoop[ObjectIdentifier(eventLoop)]?.value
    }
}
