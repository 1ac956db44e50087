// Firecrest — all clients of one way.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Isolation: not Sendable; belongs to its way's client loop.
final class ClientFleet {
    let way: Way
    let environment: ClientEnvironment
    var pollInterval: TimeAmount
    /// The conversation of the first WebSocket client.
    private(set) var recorder: ConversationRecorder?

    private var clients: [any FeedClient] = []
    private var lostByGone = 0
    private var opening = Traffic()
    private var feedHasBegun = false

    init(_ way: Way, environment: ClientEnvironment, pollInterval: TimeAmount) {
        self.way = way
        self.environment = environment
        self.pollInterval = pollInterval
    }

    func resize(to count: Int) {
        while clients.count > count, let client = clients.popLast() {
            lostByGone += client.receiver.lost
            client.stop()
        }
        for index in clients.count..<max(count, clients.count) {
            let client = makeClient(index: index, of: count)
            clients.append(client)
            client.start()
        }
    }

    /// All that came before was opening; each client is to get every message from now on.
    func beginFeed() {
        feedHasBegun = true
        opening = environment.counters.traffic
    }

    var isReady: Bool { clients.allSatisfy { $0.receiver.isReady } }

    /// Whether everybody has the feed up to `number`.
    func isDrained(at number: Int) -> Bool {
        clients.allSatisfy { $0.receiver.last.map { $0 >= number } ?? true }
    }

    func end(at number: Int) {
        for client in clients { client.receiver.end(at: number) }
    }

    /// Ends all clients; their figures stay.
    func close() {
        resize(to: 0)
    }

    func figures() -> WayFigures {
        let counters = environment.counters
        let recent = counters.recentLatency.milliseconds(percentile: 50)
        environment.counters.recentLatency.reset()
        return WayFigures(
            way: way, total: counters.traffic, requestsWithoutNews: counters.requestsWithoutNews,
            opening: feedHasBegun ? opening : counters.traffic, messages: counters.messages,
            lost: clients.reduce(lostByGone) { $0 + $1.receiver.lost }, doubled: counters.doubled,
            connections: counters.connections, connectionsOpened: counters.connectionsOpened,
            failures: counters.failures, lastFailure: counters.lastFailure,
            latencyP50: counters.latency.milliseconds(percentile: 50),
            latencyP99: counters.latency.milliseconds(percentile: 99), latencyMax: counters.latency.longestMilliseconds,
            recentLatencyP50: recent, requestHead: counters.requestHeads.summary,
            responseHead: counters.responseHeads.summary, frameHeaderUp: counters.frameHeadersUp.summary,
            frameHeaderDown: counters.frameHeadersDown.summary)
    }

    private func makeClient(index: Int, of count: Int) -> any FeedClient {
        let environment = environment
        let receiver = FeedReceiver(environment, after: feedHasBegun ? nil : 0)
        switch way {
        case .shortPoll:
            return ShortPollClient(environment, receiver: receiver, phase: Double(index + 1) / Double(count)) {
                [weak self] in self?.pollInterval ?? .seconds(1)
            }
        case .longPoll:
            return ChannelFeedClient(environment, receiver: receiver, heartbeats: false) { LongPollLink(environment) }
        case .eventStream: return EventSourceClient(environment, receiver: receiver)
        case .webSocket:
            return ChannelFeedClient(environment, receiver: receiver, heartbeats: true) { [weak self] in
                let link = WebSocketLink(environment)
                if index == 0, self?.recorder == nil {
                    let recorder = ConversationRecorder()
                    self?.recorder = recorder
                    link.recorder = recorder
                }
                return link
            }
        }
    }
}

@available(*, unavailable)
extension ClientFleet: Sendable {}
