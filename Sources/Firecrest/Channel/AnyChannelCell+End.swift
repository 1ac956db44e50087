// Firecrest — the ways in which a channel ends.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging

extension AnyChannelCell {
    func leave(_ ref: Ref) {
        try? reply(ref: ref, status: "ok", payload: .empty)
        announce(OutboundMessage.Event.close, .empty)
        finish(.left)
    }

    func stop(_ reason: StopReason) {
        guard state == .joined else { return }
        switch reason {
        case .normal, .shutdown:
            announce(OutboundMessage.Event.close, .empty)
            finish(.stopped(reason))
        case .failure:
            end()
            runTerminate(.stopped(reason))
            announce(OutboundMessage.Event.error, .reason("channel_crash"))
            letGo()
        }
    }

    func crash(_ error: any Error) {
        guard state != .ended else { return }
        log(.channelCrashed, .error, "A channel crashed.", ["error": "\(error)"])
        socket?.loop.context.statistics.channelCrashes += 1
        end(.crashed(error), OutboundMessage.Event.error, .reason("channel_crash"))
    }

    /// The client's grant does not allow this topic any more. What has run out may come back with a fresh token: the client
    /// tries again.
    func revoke(_ lapse: GrantLapse) {
        switch state {
        case .ended: break
        case .joining: abandonJoin(lapse.response, .revoked)
        case .joined:
            let event = lapse == .expired ? OutboundMessage.Event.error : OutboundMessage.Event.close
            end(.revoked, event, lapse.response)
        }
    }

    /// Ends from outside of the channel's code, which may be running.
    private func end(_ reason: TerminateReason, _ event: String, _ payload: Payload) {
        end()
        guard !isBusy else {
            madeRarities().deferredTermination = reason
            announce(event, payload)
            linger()
            return resumeReads()
        }
        runTerminate(reason)
        announce(event, payload)
        letGo()
    }

    private func announce(_ event: String, _ payload: Payload) {
        try? socket?.send(.lifecycle(event, joinRef: recordedJoinRef, topic: topic, payload: payload))
    }

    private func finish(_ reason: TerminateReason) {
        guard state == .joined else { return }
        end()
        runTerminate(reason)
        letGo()
    }

    /// The same topic is joined again: this channel goes without `terminate`, and its answers are lost.
    ///
    /// Returns the join refs of the channels that are still to be announced as closed, this one's last.
    func replaced() -> [Ref] {
        end()
        if isBusy { linger() }
        letGo()
        return (rarities?.replacedJoinRefs ?? []) + [recordedJoinRef]
    }

    /// Code of a channel that has ended goes on until it returns; its connection counts it until then.
    func linger() {
        task?.cancel()
        madeRarities().lingersIn = socket
        socket?.lingering += 1
    }

    /// The connection is gone. A handler under way is cancelled; `terminate` waits for it.
    func connectionClosed(_ reason: TerminateReason) {
        let wasJoining = state == .joining
        guard state != .ended else { return }
        end()
        if isBusy {
            // Keeps the socket: `terminate` may want to tell the others.
            madeRarities().deferredTermination = reason
            task?.cancel()
            return
        }
        if !wasJoining { runTerminate(reason) }
        letGo()
    }

    private func end() {
        guard state != .ended else { return }
        if state == .joined {
            // What was broadcast before the end still goes to the client, before it is told.
            isLeaving = true
            socket?.catchUp(self)
            socket?.loop.context.statistics.channelsOpen -= 1
        }
        state = .ended
        rarities?.waiting?.abandon()
        mailbox = Mailbox()
        leaveSocket()
    }

    /// The last thing a channel does: reading the connection again may bring the next messages right here.
    func letGo() {
        let socket = socket
        self.socket = nil
        if let socket { passRunningCode(socket.loop) }
        if isPausingReads {
            isPausingReads = false
            socket?.resumeReading()
        }
    }

    func leaveSocket() {
        guard let socket else { return }
        if place.isSubscribed { socket.loop.topics.unsubscribe(self) }
        if let rarities {
            for subscription in rarities.subscriptions { socket.loop.topics.unsubscribe(subscription) }
            rarities.subscriptions = []
        }
        socket.remove(self)
    }
}
