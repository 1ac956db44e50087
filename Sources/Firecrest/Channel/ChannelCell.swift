// Firecrest — runs the user's channel: its join, its events, inline or in a task.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import NIOCore
internal import NIOPosix

/// A channel cell with the user's type in it.
///
/// Isolation: belongs to its socket's loop. An async callback runs in a task whose executor preference is that loop, so
/// the channel never leaves its thread; `NIOLoopBound` carries it there and traps if that were not so.
final class ChannelCell<C: Channel>: AnyChannelCell {
    private let channel: C
    private let definition: ChannelDefinition<C>

    init(_ request: JoinRequest, definition: ChannelDefinition<C>) {
        self.channel = C(topic: Topic(request.topic))
        self.definition = definition
        super.init(request)
    }

    override var user: AnyObject { channel }

    override func runJoin(_ params: JoinParams) {
        guard let loop = socket?.loop else { return }
        let run = NIOLoopBound(route.watch.begin(self, join: params), eventLoop: loop.eventLoop)
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        // `immediate`: a join that does not wait runs here and now, without a turn through the loop.
        let executor = CallbackExecutor(
            loop.context, type: route.watch.name, topic: topic, event: ChannelCallback.join.name)
        let task = executor.immediate {
            let cell = bound.value
            let outcome: Result<JoinReply, any Error>
            do {
                outcome = .success(
                    try await run.value.span.current {
                        try await cell.channel.join(params, ChannelSocket(cell: cell))
                    })
            } catch {
                outcome = .failure(error)
            }
            cell.joinFinished(outcome, run.value)
        }
        setTask(task)
    }

    override func run(event: String, payload: Payload, ref: Ref) {
        let entry = definition[event]
        let run = route.watch.begin(self, event: event, ref: ref, payload: payload, timer: entry?.timer)
        switch entry?.handler {
        case .sync(let handler):
            let outcome = Result {
                try running(entry?.index ?? 0) {
                    try run.span.current { try handler(channel, payload, ChannelSocket(cell: self)) }
                }
            }
            eventFinished(outcome, run)
        case .async(let handler):
            runAsync(handler, run.kept())
        case .offloaded(let handler):
            runOffloaded(handler, run.kept())
        case nil:
            eventUnhandled(run, policy: C.unhandledEvent)
        }
    }

    private func runAsync(
        _ handler: @escaping @Sendable (C, Payload, ChannelSocket) async throws -> Reply, _ run: EventRun
    ) {
        guard let loop = socket?.loop else { return }
        let run = NIOLoopBound(run, eventLoop: loop.eventLoop)
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        let executor = CallbackExecutor(
            loop.context, type: route.watch.name, topic: topic, event: run.value.event)
        let task = executor.immediate {
            let cell = bound.value
            let outcome: Result<Reply, any Error>
            do {
                outcome = .success(
                    try await run.value.span.current {
                        try await handler(cell.channel, run.value.payload, ChannelSocket(cell: cell))
                    })
            } catch {
                outcome = .failure(error)
            }
            cell.eventFinished(outcome, run.value)
        }
        setTask(task)
    }

    private func runOffloaded(
        _ handler: @escaping @Sendable (Payload) throws -> Reply, _ run: EventRun
    ) {
        guard let loop = socket?.loop else { return }
        let bound = NIOLoopBound((cell: self, run: run), eventLoop: loop.eventLoop)
        let payload = run.payload
        NIOThreadPool.singleton.runIfActive(eventLoop: loop.eventLoop) { try handler(payload) }
            .whenComplete { outcome in bound.value.cell.eventFinished(outcome, bound.value.run) }
    }

    override func runHandleOut(_ broadcast: BroadcastInfo) throws {
        try channel.handleOut(broadcast, ChannelSocket(cell: self))
    }

    override func runHandleInfo(_ message: any Sendable) throws {
        try channel.handleInfo(message, ChannelSocket(cell: self))
    }

    override func runHandleMissed(_ count: Int) throws {
        try channel.handleMissed(count, ChannelSocket(cell: self))
    }

    override func runTerminate(_ reason: TerminateReason) {
        running(ChannelCallback.terminate.rawValue) { channel.terminate(reason, ChannelSocket(cell: self)) }
    }
}
