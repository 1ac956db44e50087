// Firecrest — one client's socket: dispatches its messages to its channels.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import Logging
internal import NIOCore

/// A socket on its home loop, whatever transport carries it.
///
/// Isolation: belongs to its loop.
final class SocketSession {
    let definition: SocketDefinition
    let loop: EndpointLoop
    /// What channels that are joined from now on know about the client.
    private(set) var assigns: Assigns
    let id: String?
    /// The trace of the connect, where somebody traces.
    let trace: SocketIdentity.Trace?
    private(set) var transport: (any SocketTransport)?
    /// Unchecked: each message is looked up here, and nothing that is done during a look-up changes the table.
    @exclusivity(unchecked) private(set) var channels = ChannelTable()
    private var disconnect: DisconnectSubscription?
    private let rates: ConnectionRates?
    private var refusedJoins = RefusedJoins()
    /// nil for a client that may do everything, for ever, and has presented no token.
    private(set) var credentials: Credentials?
    /// In a byte; an endpoint has a handful of serializers.
    private var serializer: Int8?
    /// Channels that have ended while their code runs: replaced, or crashed from outside.
    var lingering: Int32 = 0
    private var pausedBy: Int32 = 0
    /// Broadcasts were dropped, and the channels have not heard of it yet.
    private var hasMissed = false
    /// Broadcasts were dropped once, which is in the log.
    private var isKnownAsSlow = false

    init(definition: SocketDefinition, loop: EndpointLoop, identity: SocketIdentity, serializerIndex: Int?) {
        self.definition = definition
        self.loop = loop
        assigns = identity.assigns
        id = identity.id
        trace = identity.trace
        serializer = serializerIndex.flatMap { Int8(exactly: $0) }
        rates = ConnectionRates(definition.options, now: loop.context.timers.now)
        if let grant = identity.grant { credentials = Credentials(self, grant) }
    }

    /// An index of `PubSub.serializers`; nil until the first frame of a client that named no version.
    var serializerIndex: Int? { serializer.map { Int($0) } }

    /// The connections of a mount are sent away together.
    var drainGroup: ObjectIdentifier? { ObjectIdentifier(definition) }

    func attach(_ transport: any SocketTransport) {
        self.transport = transport
        credentials?.arm()
        if let id {
            let subscription = DisconnectSubscription(self)
            disconnect = subscription
            loop.topics.subscribe(subscription, to: id)
        }
    }

    // MARK: in

    /// One frame from the client.
    func receive(_ frame: ByteBuffer, kind: FrameKind) {
        guard let index = serializerIndex ?? chooseSerializer(frame) else {
            transport?.close(.internalError, reason: "name a protocol version: no served one takes this frame")
            return
        }
        do {
            if index == SerializerTable.v2, kind == .text {
                try receiveText(frame)
            } else {
                dispatch(try definition.pubSub.serializers[index].decode(frame, kind: kind))
            }
        } catch {
            loop.context.statistics.protocolErrors += 1
            transport?.close(.internalError, reason: error.description)
        }
    }

    /// With no `vsn` in the URL the first frame decides: an object is V1, anything else V2.
    private func chooseSerializer(_ frame: ByteBuffer) -> Int? {
        let first = frame.readableBytesView.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        serializer = definition.serializers.index(firstByte: first).flatMap { Int8(exactly: $0) }
        return serializerIndex
    }

    /// A frame of 2.0.0: as below, but that what most frames are is known by its bytes and needs no `Message`.
    private func receiveText(_ frame: ByteBuffer) throws(ProtocolError) {
        let text = frame.readableBytesUInt8Span
        let envelope = try definition.v2.scan(text)
        if !handleNow(frame, text, envelope) {
            dispatch(try definition.v2.message(envelope, in: frame))
        }
    }

    /// Answers a heartbeat, or has the channel handle an event, if that can be done at once.
    ///
    /// - Returns: whether the frame is dealt with; otherwise nothing has been done.
    private func handleNow(_ frame: ByteBuffer, _ text: Span<UInt8>, _ envelope: Envelope) -> Bool {
        guard envelope.ref.count <= Ref.maxBytes, let joinRef = envelope.joinRef, joinRef.count <= Ref.maxBytes else {
            return false
        }
        let topic = text.extracting(envelope.topic)
        let event = text.extracting(envelope.event)
        if topic.isLiteral(of: Self.heartbeatTopic) {
            guard event.isLiteral(of: OutboundMessage.Event.heartbeat) else { return false }
            sendReply(
                joinRef: .null, ref: Ref(json: text.extracting(envelope.ref)), topic: Self.heartbeatTopic, status: "ok",
                payload: .empty)
            return true
        }
        guard rates == nil, event.count <= definition.v2.limits.maxEventBytes,
            !event.isLiteral(of: OutboundMessage.Event.join), !event.isLiteral(of: OutboundMessage.Event.leave),
            let cell = channels[literal: topic], !cell.isRestricted,
            cell.accepts(joinRef: text.extracting(joinRef)),
            let payload = frame.getSlice(
                at: frame.readerIndex + envelope.payload.lowerBound, length: envelope.payload.count)
        else { return false }
        return cell.handleNow(
            event, ref: Ref(json: text.extracting(envelope.ref)), payload: Payload(kind: .json, bytes: payload))
    }

    static let heartbeatTopic = "phoenix"

    /// The order of Phoenix's transport: heartbeat, joined topic, join, the rest.
    func dispatch(_ message: Message) {
        guard case .name(let topic) = message.topic else {
            return notJoined(message)
        }
        if topic == Self.heartbeatTopic, message.event == OutboundMessage.Event.heartbeat {
            return replyOK(joinRef: .null, ref: message.ref, topic: message.topic)
        }
        if let rates, message.event != OutboundMessage.Event.leave {
            let isJoin = message.event == OutboundMessage.Event.join
            if let wait = rates.refusal(isJoin: isJoin, now: loop.context.timers.now) {
                return refuseForRate(message, retryAfter: wait)
            }
        }
        if topic == Self.heartbeatTopic, message.event == Self.accessTokenEvent { return refresh(message) }
        if let cell = channels[topic] {
            if message.event == OutboundMessage.Event.join {
                join(message, topic, replacing: cell)
            } else if cell.accepts(joinRef: message.joinRef) {
                guard isAllowed(message, cell) else { return refuseEvent(message) }
                cell.receive(message)
            }
            // A stale join ref: the message belongs to a join that is over. Dropped without a word.
            return
        }
        if message.event == OutboundMessage.Event.join {
            join(message, topic, replacing: nil)
        } else {
            notJoined(message)
        }
    }

    private func notJoined(_ message: Message) {
        if message.event == OutboundMessage.Event.leave {
            replyOK(joinRef: message.joinRef, ref: message.ref, topic: message.topic)
        } else {
            replyUnmatched(ref: message.ref, topic: message.topic)
        }
    }

    private func join(_ message: Message, _ topic: String, replacing old: AnyChannelCell?) {
        guard let route = definition.route(for: topic) else {
            loop.context.log(
                .topicUnmatched, .warning, to: definition.logger, "A client asked for a topic that no channel takes.",
                metadata: ["topic": "\(topic.forLog())"])
            return replyUnmatched(ref: message.ref, topic: message.topic)
        }
        let access = credentials?.access(to: topic) ?? .granted(isRestricted: false)
        guard case .granted(let isRestricted) = access else { return refuseJoin(message, access) }
        if old == nil, let response = knownRefusal(message, topic) {
            loop.context.statistics.joinsRefusedFromMemory += 1
            return reply(
                joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: "error", payload: response)
        }
        // A topic that is joined again takes its own place. Yet user code that has not returned counts: joining again and
        // again must not start ever more of it.
        let limit = definition.options.maxChannels
        guard channels.count < (old == nil ? limit : limit + 1), lingering < limit else {
            loop.context.statistics.joinsRefusedAsTooMany += 1
            loop.context.log(
                .tooManyChannels, .error, to: definition.logger,
                "A client asked for more channels than a connection may have.",
                metadata: ["limit": "\(limit)"])
            return reply(
                joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: "error",
                payload: .reason("too many channels joined"))
        }
        // One that waits already is answered and gives its place to this one. When its client has sent something behind it,
        // it begins at once, for that to be answered as it would have been: of a leave, the client waits for the close.
        var old = old
        var place = old?.rarities?.waiting
        if place != nil, old?.mailbox.isEmpty == false {
            place?.begin()
            place = nil
            old = channels[topic]
        }
        if place != nil {
            old?.rarities?.waiting = nil
            old?.abandonJoin(.reason("replaced by a later join"), .left)
            old = nil
        }
        let admission = place == nil ? loop.joins?.admit(size: message.payload.count) ?? .now : .later
        if case .refused(let wait) = admission { return refuse(message, "busy", retryAfter: wait) }
        let cell = route.makeCell(
            JoinRequest(
                socket: self, route: route, topic: topic, joinRef: message.joinRef, ref: message.ref,
                replacedJoinRefs: old?.replaced() ?? []))
        cell.isRestricted = isRestricted
        channels.append(cell)
        let payload = message.payload.copied()
        if let place {
            place.pass(to: cell, payload)
        } else if admission == .later {
            loop.joins?.add(cell, payload)
        } else {
            cell.start(payload)
        }
    }

    private func isAllowed(_ message: Message, _ cell: AnyChannelCell) -> Bool {
        guard cell.isRestricted, message.event != OutboundMessage.Event.leave, let credentials else { return true }
        return credentials.allows(message.event, on: cell.topic)
    }

    private func refuseEvent(_ message: Message) {
        loop.context.statistics.eventsUnauthorized += 1
        reply(
            joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: "error",
            payload: GrantLapse.unauthorized.response)
    }

    /// Refused by the grant: no code of the channel runs, and nothing of it is remembered, since a fresh token may come.
    private func refuseJoin(_ message: Message, _ access: GrantTerms.Access) {
        guard case .refused(let lapse) = access else { return }
        loop.context.statistics.joinsUnauthorized += 1
        reply(
            joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: "error", payload: lapse.response)
    }

    func refuseForRate(_ message: Message, retryAfter milliseconds: Int) {
        loop.context.statistics.messagesRefusedForRate += 1
        refuse(message, "rate limited", retryAfter: milliseconds)
    }

    private func refuse(_ message: Message, _ reason: String, retryAfter milliseconds: Int) {
        let reason = ByteBuffer(string: #"{"reason":"\#(reason)","retry_after_ms":\#(milliseconds)}"#)
        reply(
            joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: "error",
            payload: Payload(kind: .json, bytes: reason))
    }

    private func knownRefusal(_ message: Message, _ topic: String) -> Payload? {
        guard let limits = definition.options.refusedJoins else { return nil }
        return refusedJoins.response(
            topic: topic, payload: message.payload, limits: limits, now: loop.context.timers.now)
    }

    // MARK: credentials

    func madeCredentials() -> Credentials {
        let made = credentials ?? Credentials(self, nil)
        credentials = made
        return made
    }

    /// A fresh token was good. Channels that were joined before keep the assigns that they have.
    func admit(_ identity: SocketIdentity) {
        assigns = identity.assigns
        credentials?.replace(identity.grant)
        // What was refused may be granted now.
        refusedJoins = RefusedJoins()
    }

    // MARK: refused joins

    func joinRefused(topic: String, params: Payload, response: Payload) {
        guard let limits = definition.options.refusedJoins else { return }
        refusedJoins.refused(
            topic: topic, payload: params, response: response, limits: limits, now: loop.context.timers.now)
    }

    func joinAccepted(topic: String) {
        refusedJoins.accepted(topic: topic)
    }

    // MARK: out

    func send(_ message: OutboundMessage) throws(PayloadError) {
        guard let transport, let serializerIndex else { return }
        catchUp()
        let serializer = definition.pubSub.serializers[serializerIndex]
        try transport.send(try message.formed(for: serializer), with: serializer)
    }

    /// A reply to a frame of 2.0.0.
    func sendReply(joinRef: Ref, ref: Ref, topic: String, status: String, payload: Payload) {
        guard let transport else { return }
        catchUp()
        transport.sendReply(
            joinRef: joinRef, ref: ref, topic: topic, status: status, payload: payload, with: definition.v2)
    }

    /// Ends the connection, after what was broadcast before.
    func close(_ code: CloseCode, reason: String) {
        catchUp()
        transport?.close(code, reason: reason)
    }

    /// What was broadcast on this loop before goes out before, however long its topic takes.
    private func catchUp() {
        guard loop.topics.hasBacklog else { return }
        channels.forEach { loop.topics.catchUp($0) }
    }

    func catchUp(_ cell: AnyChannelCell) {
        if transport != nil, loop.topics.hasBacklog { loop.topics.catchUp(cell) }
    }

    func replyOK(joinRef: Ref, ref: Ref, topic: MessageTopic) {
        reply(joinRef: joinRef, ref: ref, topic: topic, status: "ok", payload: .empty)
    }

    func replyUnmatched(ref: Ref, topic: MessageTopic) {
        reply(joinRef: .null, ref: ref, topic: topic, status: "error", payload: .reason("unmatched topic"))
    }

    func reply(joinRef: Ref, ref: Ref, topic: MessageTopic, status: String, payload: Payload) {
        try? send(.reply(joinRef: joinRef, ref: ref, topic: topic, status: status, payload: payload))
    }

    // MARK: channels

    func remove(_ cell: AnyChannelCell) {
        channels.remove(cell)
    }

    func pauseReading() {
        pausedBy += 1
        if pausedBy == 1 { transport?.pauseReading() }
    }

    func resumeReading() {
        pausedBy -= 1
        if pausedBy == 0 { transport?.resumeReading() }
    }

    // MARK: a client that does not read

    func droppedBroadcast(of cell: AnyChannelCell, _ kind: DropRule.Kind) {
        hasMissed = true
        guard !isKnownAsSlow else { return }
        isKnownAsSlow = true
        loop.context.log(
            .slowConsumer, .info, to: definition.logger,
            "A client does not read as fast as it is sent to: broadcasts to it are dropped.",
            metadata: ["topic": "\(cell.topic.forLog())", "policy": "\(kind.name)"])
    }

    func outboundOverflowed(maxBytes: Int) {
        loop.context.log(
            .slowConsumer, .info, to: definition.logger,
            "A client does not read as fast as it is sent to, and is disconnected.",
            metadata: ["transport": "\(transport?.name ?? "closed")", "limit": "\(maxBytes)"])
    }

    func outboundDrained() {
        guard hasMissed else { return }
        hasMissed = false
        for cell in channels.all { cell.clientCaughtUp() }
    }

    /// Somebody broadcast `disconnect` to this socket's id.
    func disconnected() {
        loop.context.statistics.socketsDisconnected += 1
        close(.goingAway, reason: "disconnected by the server")
    }

    /// The transport is gone: every channel ends.
    func transportClosed(_ reason: TerminateReason) {
        let transportName = transport?.name ?? "closed"
        transport = nil
        if let disconnect { loop.topics.unsubscribe(disconnect) }
        disconnect = nil
        credentials?.end()
        credentials = nil
        definition.telemetry.emit(
            SocketClosed(
                transport: transportName, userSocket: definition.name, socketID: id, channels: channels.count,
                reason: reason))
        let cells = channels.all
        channels = ChannelTable()
        for cell in cells { cell.connectionClosed(reason) }
    }
}

@available(*, unavailable)
extension SocketSession: Sendable {}
