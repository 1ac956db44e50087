// Firecrest — an event that is handled the moment it is read.
// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import FirecrestProtocol
internal import NIOCore

extension AnyChannelCell {
    /// Handles an event of 2.0.0, named by its JSON literal, if that takes no waiting and nobody looks on: a synchronous
    /// handler, while nothing runs and nothing waits. The same as `receive(_:)`, with less in between.
    ///
    /// - Returns: whether it did; otherwise nothing has been done.
    func handleNow(_ event: Span<UInt8>, ref: Ref, payload: Payload) -> Bool {
        guard state == .joined, !isBusy, mailbox.isEmpty,
            let running = socket?.loop.context.running, let index = route.events.names.index(ofLiteral: event),
            let handler = route.events.synchronous[index], !route.watch.isLookedOn(self)
        else { return false }
        isBusy = true
        currentRef = ref
        let timer = route.events.timers[index]
        let started = timer == nil ? NIODeadline.uptimeNanoseconds(0) : .now()
        let outcome: Result<Reply, any Error>
        let before = running.enter(.channel, self, index)
        do {
            let reply = try handler(user, payload, ChannelSocket(cell: self))
            running.leave(before)
            let ended = timer == nil ? started : .now()
            if finish(reply, ref) {
                timer?.recordNanoseconds((ended - started).nanoseconds)
                return true
            }
            outcome = .success(reply)
        } catch {
            running.leave(before)
            outcome = .failure(error)
        }
        var run = EventRun(event: route.events.names[index], ref: ref, payload: payload, timer: timer)
        run.started = started
        run.isMeasured = timer != nil
        eventFinished(outcome, run)
        return true
    }

    /// As `eventFinished`, for a plain reply or none.
    ///
    /// - Returns: false, with nothing done, when there is more to it.
    private func finish(_ reply: Reply, _ ref: Ref) -> Bool {
        guard state == .joined, rarities?.recordedFailure == nil, reply.stop == nil else { return false }
        if case .reply(_, let payload) = reply.action {
            guard case .success(let payload) = payload, payload.kind == .json else { return false }
        }
        isBusy = false
        currentRef = nil
        if case .reply(let status, .success(let payload)) = reply.action {
            socket?.sendReply(joinRef: joinRef, ref: ref, topic: topic, status: status, payload: payload)
        }
        if !mailbox.isEmpty || isPausingReads, !isDraining { drain() }
        return true
    }
}
