// Firecrest — one joined (or joining) channel of one socket: its life and its order.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging
internal import NIOCore

/// The part of a channel that does not depend on the user's type.
///
/// Order is its job: the join reply comes first, one message is handled at a time, what arrives meanwhile waits in the
/// mailbox, and an end is announced exactly once. It is its own entry in the topic's list.
///
/// Isolation: belongs to its socket's loop.
class AnyChannelCell: Subscriber, BroadcastRecipient {
    enum State {
        case joining
        case joined
        /// Announced to the client; `terminate` may still push.
        case ended
    }

    /// What few channels ever have; made when the first of it comes.
    final class Rarities {
        /// Of the channels that this one replaces, oldest first, until they are announced as closed.
        var replacedJoinRefs: [Ref] = []
        /// Its place among the joins that wait for their turn, while it has one.
        var waiting: WaitingJoin?
        var recordedFailure: (any Error)?
        var deferredTermination: TerminateReason?
        /// Set when this channel was replaced while its code runs: who counts it until that returns.
        var lingersIn: SocketSession?
        var subscriptions: [ForeignSubscription] = []
        /// Broadcasts that the client did not get, and how many of them the channel has heard of.
        var dropped = 0
        var reportedDrops = 0
    }

    // Every byte here is there once for each joined channel; docs/memory-budget.md counts them.
    let id: SubscriberID
    /// Unchecked: asked for each delivery, and never accessed for longer than a statement.
    @exclusivity(unchecked) var place = SubscriberPlace()
    var state = State.joining
    var isBusy = false
    var isDraining = false
    var isLeaving = false
    var isPausingReads = false
    /// Some events are not granted: each is asked about.
    var isRestricted = false
    /// In a byte; an endpoint has a handful of serializers.
    private let serializer: Int8?
    let route: CompiledRoute
    let topic: String
    /// As the client sent it, null if it sent none: compared with later messages, and sent with close and error.
    let recordedJoinRef: Ref
    private let joinMessageRef: Ref
    var assigns: Assigns
    /// nil once the channel has ended and nothing is left to send.
    var socket: SocketSession?
    /// Unchecked: set and cleared for each event, never accessed for longer.
    @exclusivity(unchecked) var currentRef: Ref?
    var mailbox = Mailbox()
    var task: Task<Void, Never>?
    var rarities: Rarities?

    init(_ request: JoinRequest) {
        route = request.route
        topic = request.topic
        recordedJoinRef = request.joinRef
        joinMessageRef = request.ref
        assigns = request.socket.assigns.merging(request.route.assigns)
        socket = request.socket
        id = request.socket.loop.topics.makeID()
        serializer = request.socket.serializerIndex.flatMap { Int8(exactly: $0) }
        if !request.replacedJoinRefs.isEmpty { madeRarities().replacedJoinRefs = request.replacedJoinRefs }
    }

    var serializerIndex: Int? { serializer.map { Int($0) } }

    /// Sent with replies and pushes: the join ref, or the ref of the join when there was none.
    var joinRef: Ref { recordedJoinRef.isNull ? joinMessageRef : recordedJoinRef }

    func madeRarities() -> Rarities {
        let made = rarities ?? Rarities()
        rarities = made
        return made
    }

    // MARK: the user's channel, in ChannelCell

    var user: AnyObject { self }
    func runJoin(_ params: JoinParams) {}
    func run(event: String, payload: Payload, ref: Ref) {}
    func runHandleOut(_ broadcast: BroadcastInfo) throws {}
    func runHandleInfo(_ message: any Sendable) throws {}
    func runHandleMissed(_ count: Int) throws {}
    func runTerminate(_ reason: TerminateReason) {}

    // MARK: join

    func start(_ payload: Payload) {
        isBusy = true
        runJoin(JoinParams(payload: payload))
        if state == .joining, let socket, let limit = socket.definition.options.joinTimeout {
            socket.loop.context.timers.schedule(JoinTimer(self), after: TimeAmount(limit))
        }
    }

    func joinFinished(_ outcome: Result<JoinReply, any Error>, _ run: JoinRun) {
        isBusy = false
        task = nil
        let outcome = failing(outcome)
        guard state == .joining, let socket else {
            // The connection went while the join was deciding; what it set up is taken down again.
            run.span.end()
            let isAccepted = if case .success(let reply) = outcome { reply.isAccepted } else { false }
            return codeReturned(runsTerminate: isAccepted)
        }
        do {
            let reply = try outcome.get()
            let response = try reply.response.get()
            route.watch.joined(self, run, reply.isAccepted ? .ok : .error)
            run.span.end()
            try sendJoinReply(reply.isAccepted ? "ok" : "error", response)
            guard reply.isAccepted else {
                socket.joinRefused(topic: topic, params: run.params.payload, response: response)
                return refused()
            }
        } catch {
            run.span.end(error)
            log(.joinCrashed, .error, "A join threw.", ["error": "\(error)"])
            socket.loop.context.statistics.channelCrashes += 1
            try? sendJoinReply("error", .reason("join crashed"))
            return refused()
        }
        guard state == .joining else { return }
        // In the same turn of the loop as the reply: no broadcast comes before it, and none is missed after it.
        state = .joined
        socket.joinAccepted(topic: topic)
        socket.loop.topics.subscribe(self, to: topic)
        socket.loop.context.statistics.channelsJoined += 1
        socket.loop.context.statistics.channelsOpen += 1
        closeReplaced()
        drain()
    }

    /// `join` has taken longer than the mount allows.
    func joinTimedOut() {
        guard state == .joining, let socket else { return }
        log(.joinTimeout, .error, "A join took too long.")
        socket.loop.context.statistics.joinTimeouts += 1
        abandonJoin(.reason("join crashed"), .crashed(ChannelError.joinTimeout))
    }

    /// Answers a join before its code has.
    func abandonJoin(_ response: Payload, _ reason: TerminateReason) {
        try? sendJoinReply("error", response)
        // It has not begun.
        guard isBusy else { return refused() }
        // What it set up is taken down when it returns.
        madeRarities().deferredTermination = reason
        linger()
        refused()
    }

    private func sendJoinReply(_ status: String, _ payload: Payload) throws {
        // A join without a join ref is answered without one; later replies carry the fallback.
        try socket?.send(
            .reply(
                joinRef: recordedJoinRef, ref: joinMessageRef, topic: .name(topic), status: status, payload: payload))
    }

    /// The join is answered, and not with ok.
    private func refused() {
        rarities?.waiting?.abandon()
        closeReplaced()
        state = .ended
        let waiting = mailbox.removeAll()
        leaveSocket()
        // What was sent behind this join finds the topic not joined.
        for item in waiting {
            switch item {
            case .event(let ref, _, _): socket?.replyUnmatched(ref: ref, topic: .name(topic))
            case .leave(let joinRef, let ref): socket?.replyOK(joinRef: joinRef, ref: ref, topic: .name(topic))
            case .broadcast, .info, .missed: break
            }
        }
        letGo()
    }

    private func closeReplaced() {
        guard let refs = rarities?.replacedJoinRefs else { return }
        rarities?.replacedJoinRefs = []
        for ref in refs {
            try? socket?.send(
                .lifecycle(OutboundMessage.Event.close, joinRef: ref, topic: topic, payload: .empty))
        }
    }

    // MARK: messages

    func accepts(joinRef: Ref) -> Bool {
        joinRef.isNull || recordedJoinRef.isNull || joinRef == recordedJoinRef
    }

    /// As above, of a join ref as it stands in the frame.
    func accepts(joinRef: Span<UInt8>) -> Bool {
        joinRef.isEqual(to: recordedJoinRef.json) || joinRef.isEqual(to: Ref.null.json) || recordedJoinRef.isNull
    }

    func receive(_ message: Message) {
        guard !isLeaving else { return }
        if message.event == OutboundMessage.Event.leave {
            isLeaving = true
            enqueue(.leave(joinRef: message.joinRef, ref: message.ref))
        } else {
            enqueue(.event(ref: message.ref, name: message.event, payload: message.payload))
        }
    }

    func receive(_ delivery: Delivery) {
        guard state == .joined, let socket else { return }
        if route.hasIntercepts, route.isIntercepted(delivery.record.event) {
            // Behind a leave nothing is handled any more.
            if !isLeaving { enqueue(.broadcast(BroadcastInfo(delivery.record))) }
        } else if let serializerIndex, delivery.hasFrame(serializerIndex) {
            socket.loop.context.statistics.broadcastsDelivered += 1
            guard let transport = socket.transport else { return }
            transport.send(delivery, serializerIndex: serializerIndex, to: self)
            place.tell(isBehind: transport.isBehind)
        } else {
            socket.loop.context.statistics.broadcastsNotEncodable += 1
        }
    }

    func receive(_ batch: Batch) -> Bool {
        guard state == .joined, let socket, !route.hasIntercepts, let serializerIndex, batch.hasFrames(serializerIndex)
        else { return false }
        socket.loop.context.statistics.broadcastsDelivered += batch.deliveries.count
        guard let transport = socket.transport else { return true }
        transport.send(batch, serializerIndex: serializerIndex, to: self)
        place.tell(isBehind: transport.isBehind)
        return true
    }

    func enqueue(_ item: MailboxItem) {
        guard state != .ended else { return }
        if state == .joined, !isBusy, mailbox.isEmpty {
            handle(item)
            drain()
            return
        }
        guard let limits = socket?.definition.options.mailbox else { return }
        if item.clientBytes == nil, mailbox.serverItems >= limits.maxServerMessages {
            let error = ChannelError.mailboxOverflow(limit: limits.maxServerMessages)
            // A join is answered first, as crashed.
            return state == .joining ? record(error) : crash(error)
        }
        mailbox.append(item.kept())
        if mailbox.clientItems >= limits.maxMessages || mailbox.clientBytes >= limits.maxBytes {
            pauseReads()
        }
    }

    func drain() {
        guard !isDraining else { return }
        isDraining = true
        while state == .joined, !isBusy, let item = mailbox.popFirst() {
            handle(item)
        }
        isDraining = false
        resumeReadsIfRoom()
    }

    private func handle(_ item: MailboxItem) {
        switch item {
        case .event(let ref, let name, let payload):
            isBusy = true
            currentRef = ref
            run(event: name, payload: payload, ref: ref)
        case .leave(_, let ref):
            leave(ref)
        case .broadcast(let broadcast):
            perform(.handleOut) { try runHandleOut(broadcast) }
        case .info(let message):
            perform(.handleInfo) { try runHandleInfo(message) }
        case .missed(let count):
            perform(.handleMissed) { try runHandleMissed(count) }
        }
    }

    private func perform(_ callback: ChannelCallback, _ code: () throws -> Void) {
        isBusy = true
        let outcome = failing(Result { try running(callback.rawValue, code) })
        isBusy = false
        guard state == .joined else { return codeReturned(runsTerminate: true) }
        if case .failure(let error) = outcome { crash(error) }
    }

    /// A handler is through. Called on the loop, once for each `run(event:…)`.
    func eventFinished(_ outcome: Result<Reply, any Error>, _ run: EventRun) {
        let ref = run.ref
        isBusy = false
        currentRef = nil
        task = nil
        guard state == .joined else {
            run.span.end()
            return codeReturned(runsTerminate: true)
        }
        do {
            let reply = try failing(outcome).get()
            route.watch.handled(self, run)
            run.span.end()
            if case .reply(let status, let payload) = reply.action {
                try self.reply(ref: ref, status: status, payload: try payload.get())
            }
            if let reason = reply.stop { stop(reason) }
        } catch let error as InvalidPayload {
            run.span.end(error)
            log(.invalidPayload, .debug, "Invalid payload.", ["event": "\(error.event)", "error": "\(error.detail)"])
            try? self.reply(ref: ref, status: "error", payload: .reason("invalid payload"))
        } catch {
            run.span.end(error)
            crash(error)
        }
        if !isDraining { drain() }
    }

    func eventUnhandled(_ run: EventRun, policy: UnhandledEvent) {
        switch policy {
        case .crash: eventFinished(.failure(ChannelError.unhandledEvent), run)
        case .replyError(let reason): eventFinished(.success(.error(["reason": reason])), run)
        case .ignore: eventFinished(.success(.noReply), run)
        }
    }

    /// The channel ended while its code ran; that has returned now.
    func codeReturned(runsTerminate: Bool) {
        if let rarities {
            if let reason = rarities.deferredTermination, runsTerminate { runTerminate(reason) }
            rarities.deferredTermination = nil
            rarities.lingersIn?.lingering -= 1
            rarities.lingersIn = nil
        }
        letGo()
    }

    func setTask(_ task: Task<Void, Never>) {
        if isBusy { self.task = task }
    }

    // MARK: a client that does not read

    var slowConsumers: SlowConsumerPolicy { route.slowConsumers }
    var droppedBroadcasts: Int { rarities?.dropped ?? 0 }

    func dropped(_ kind: DropRule.Kind) {
        madeRarities().dropped += 1
        socket?.droppedBroadcast(of: self, kind)
    }

    /// What waited for the client has left. The channel hears once of all that was dropped meanwhile.
    func clientCaughtUp() {
        guard let rarities, rarities.dropped > rarities.reportedDrops else { return }
        let missed = rarities.dropped - rarities.reportedDrops
        rarities.reportedDrops = rarities.dropped
        enqueue(.missed(missed))
    }

    // MARK: back-pressure

    private func pauseReads() {
        guard !isPausingReads else { return }
        isPausingReads = true
        socket?.pauseReading()
    }

    private func resumeReadsIfRoom() {
        guard isPausingReads, let limits = socket?.definition.options.mailbox else { return }
        if mailbox.clientItems <= limits.maxMessages / 2, mailbox.clientBytes <= limits.maxBytes / 2 { resumeReads() }
    }

    func resumeReads() {
        guard isPausingReads else { return }
        isPausingReads = false
        socket?.resumeReading()
    }
}
