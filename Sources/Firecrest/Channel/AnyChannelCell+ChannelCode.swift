// Firecrest — what a channel's code asks of its cell.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging

extension AnyChannelCell {
    var isJoined: Bool { state == .joined }
    var messageRef: Ref? { currentRef }
    var logger: Logger? { socket?.definition.logger }

    func log(
        _ kind: LogKind, _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata = [:]
    ) {
        guard let socket else { return }
        socket.loop.context.log(
            kind, level, to: socket.definition.logger, message,
            metadata: metadata.merging(["topic": "\(topic.forLog())", "channel": "\(route.watch.name)"]) { $1 })
    }

    /// Remembers what went wrong in a call that does not throw; the running callback then counts as crashed.
    func record(_ error: any Error) {
        if isBusy {
            let rarities = madeRarities()
            rarities.recordedFailure = rarities.recordedFailure ?? error
        } else if state == .joined {
            crash(error)
        }
    }

    func failing<T>(_ outcome: Result<T, any Error>) -> Result<T, any Error> {
        guard let failure = rarities?.recordedFailure else { return outcome }
        rarities?.recordedFailure = nil
        return .failure(failure)
    }

    func push(_ event: String, _ payload: Result<Payload, any Error>) {
        guard state != .joining else { return record(ChannelError.notJoined) }
        do {
            try socket?.send(.push(joinRef: joinRef, topic: topic, event: event, payload: try payload.get()))
        } catch {
            record(error)
        }
    }

    func broadcast(
        _ event: String, _ payload: Result<Payload, any Error>, except: Bool, slowConsumers: SlowConsumerPolicy?
    ) {
        guard state != .joining else { return record(ChannelError.notJoined) }
        guard let pubSub = socket?.definition.pubSub else { return }
        do {
            try pubSub.broadcast(
                topic: topic, event: event, payload: try payload.get(), except: except ? id : nil,
                slowConsumers: slowConsumers)
        } catch {
            record(error)
        }
    }

    func reply(ref: Ref, status: String, payload: Payload) throws {
        try socket?.send(
            .reply(joinRef: joinRef, ref: ref, topic: .name(topic), status: status, payload: payload))
    }

    func subscribe(to other: String) {
        guard let socket, state != .ended else { return }
        let subscription = ForeignSubscription(cell: self, topic: other)
        madeRarities().subscriptions.append(subscription)
        socket.loop.topics.subscribe(subscription, to: other)
    }

    func unsubscribe(from other: String) {
        guard let socket, let rarities else { return }
        for subscription in rarities.subscriptions where subscription.topic == other {
            socket.loop.topics.unsubscribe(subscription)
        }
        rarities.subscriptions.removeAll { $0.topic == other }
    }
}
