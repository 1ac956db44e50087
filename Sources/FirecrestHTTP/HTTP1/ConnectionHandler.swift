// Firecrest — HTTP/1.1 on one connection, up to the upgrade.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import FirecrestWire
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Takes requests one after another: to a mount (which may upgrade the connection) or to the application's routes.
///
/// Requests that are pipelined behind one that is being answered wait here, at most what one read brought, and the socket
/// is not read meanwhile.
///
/// Isolation: belongs to its loop; not `Sendable`.
final class ConnectionHandler: LoopConnection, ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// Between requests.
        case idle
        /// A request for a mount: its end must come before the upgrade.
        case upgradeRequest(HTTPRequestHead, any UpgradeMount)
        /// The mount decides.
        case deciding
        /// A route answers; `body` is nil once the request has ended.
        case responding(body: RequestBodySource?)
        /// The answer is complete but the request's body is not: the rest is read and dropped.
        case skippingBody
        /// The connection closes as soon as what is queued has left.
        case closing
        case upgraded
        case closed
    }

    private enum Waiting {
        case header, body, keepAlive, nothing
    }

    private let loop: LoopContext
    private let server: ServerSettings
    private var context: ChannelHandlerContext?
    private var state = State.idle
    private var waiting = Waiting.header
    private var pending: Deque<HTTPServerRequestPart> = []
    private var readWanted = false
    private var bodyWantsMore = true
    private var bodyBytes = 0
    private var keepAlive = true
    private var isUpgradeMarked = false
    /// Whether the head of a route's answer is out.
    private var hasAnswered = false
    private var readBroughtParts = false
    /// Whether this connection counts; after an upgrade the WebSocket answers for that.
    private var isAdmitted = false
    private var task: Task<Void, Never>?
    private var cancelDecision: (() -> Void)?

    init(loop: LoopContext, server: ServerSettings) {
        self.loop = loop
        self.server = server
        super.init()
    }

    // MARK: from the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.register(self)
        loop.statistics.connectionsAccepted += 1
        loop.statistics.connectionsOpen += 1
        wait(.header)
    }

    func channelActive(context: ChannelHandlerContext) {
        if let refusal = server.admission.refusal(of: context.channel) {
            loop.statistics.connectionsRefused += 1
            refuse(refusal)
        } else {
            isAdmitted = true
        }
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        readBroughtParts = true
        if pending.isEmpty, accepts(part) {
            process(part)
        } else if case .closing = state {
            return
        } else {
            pending.append(part)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Bytes that made no part of a request: the first ones of a further head.
        if !readBroughtParts, case .idle = state, waiting == .keepAlive { wait(.header) }
        readBroughtParts = false
        context.fireChannelReadComplete()
    }

    /// What a route's task writes. Once the connection has said something else, it comes too late.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // A session that sends as soon as it is opened does so while this handler still stands before it.
        if case .upgraded = state { return context.write(data, promise: promise) }
        guard case .responding = state else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        if case .head = unwrapOutboundIn(data) { hasAnswered = true }
        context.write(data, promise: promise)
    }

    func read(context: ChannelHandlerContext) {
        if wantsInput {
            context.read()
        } else {
            readWanted = true
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .upgraded, .closed, .closing: return
        case .idle, .upgradeRequest:
            refuse(.parseError(error))
        case .responding(let body?) where !hasAnswered && error is HTTPParserError:
            body.fail(error)
            refuse(.parseError(error))
        case .skippingBody:
            close()
        case .deciding, .responding:
            // An answer is under way that a second one must not cut into.
            guard error is HTTPParserError else { return close() }
            keepAlive = false
            if case .responding(let body) = state { body?.fail(error) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { close() }
    }

    // MARK: flow of requests

    /// Whether a part can be handled now, or has to wait for the answer to an earlier request.
    private func accepts(_ part: HTTPServerRequestPart) -> Bool {
        switch (state, part) {
        case (.idle, .head): true
        case (.upgradeRequest, .body), (.upgradeRequest, .end): true
        case (.responding(_?), .body), (.responding(_?), .end): true
        case (.skippingBody, .body), (.skippingBody, .end): true
        default: false
        }
    }

    private var wantsInput: Bool {
        switch state {
        case .idle, .upgradeRequest, .skippingBody: pending.isEmpty
        case .responding(let body): body != nil && bodyWantsMore && pending.isEmpty
        case .deciding: false
        case .closing, .upgraded, .closed: true
        }
    }

    private func process(_ part: HTTPServerRequestPart) {
        switch (state, part) {
        case (.idle, .head(let head)): begin(head)
        case (.upgradeRequest, .body): refuse(.notUpgradable)
        case (.upgradeRequest(let head, let mount), .end): upgrade(head, mount)
        case (.responding(let body?), .body(let bytes)): receive(bytes, body)
        case (.responding(let body?), .end):
            state = .responding(body: nil)
            wait(.nothing)
            body.finish()
        case (.skippingBody, .body(let bytes)):
            bodyBytes += bytes.readableBytes
            if bodyBytes > server.limits.maxBodyBytes { close() }
        case (.skippingBody, .end): requestDone()
        default: break
        }
    }

    private func processPending() {
        while let part = pending.first, accepts(part) {
            pending.removeFirst()
            process(part)
        }
        resumeReading()
    }

    private func resumeReading() {
        guard readWanted, wantsInput else { return }
        readWanted = false
        context?.read()
    }

    private func begin(_ head: HTTPRequestHead) {
        loop.statistics.httpRequests += 1
        keepAlive = head.isKeepAlive
        isUpgradeMarked = head.headers.contains(name: "upgrade")
        hasAnswered = false
        bodyBytes = 0
        bodyWantsMore = true
        guard head.uri.utf8.count <= server.limits.maxTargetBytes else { return refuse(.targetTooLong) }
        guard head.hasClearBody else { return refuse(.parseError(HTTPParserError.unexpectedContentLength)) }
        let path = head.path
        if let mount = server.mounts.first(where: { $0.claims(path: path) }) {
            state = .upgradeRequest(head, mount)
            wait(.body)
            return
        }
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard announced <= server.limits.maxBodyBytes else { return refuse(.bodyTooLarge) }
        respond(head)
    }

    // MARK: routes

    private func respond(_ head: HTTPRequestHead) {
        guard let context, let request = HTTPRequest(head, isSecure: false) else {
            return refuse(.parseError(HTTPParserError.invalidHeaderToken))
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let source = RequestBodySource(eventLoop: context.eventLoop) { bound.value.bodyDemanded() }
        state = .responding(body: source)
        wait(.body)
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            context.writeAndFlush(wrapOutboundOut(.head(.init(version: head.version, status: .continue))), promise: nil)
        }
        let (channel, responder, logger) = (context.channel, server.responder, server.logger)
        let (version, isHead) = (head.version, head.method == .HEAD)
        let keepsAlive = keepAlive && !isUpgradeMarked
        let (body, date) = (source.body, loop.httpDate.current())
        // Hummingbird routes are async: one task per request, on this loop, cancelled when the client goes away.
        task = Task(executorPreference: loop.executor) {
            let response = await responder.respond(Request(head: request, body: body), channel, logger)
            let head = HTTPResponseHead(response, version: version, keepAlive: keepsAlive, date: date)
            do {
                try await channel.writeAndFlush(HTTPServerResponsePart.head(head))
                try await response.body.write(ChannelBodyWriter(channel: channel, isHead: isHead))
                bound.eventLoop.execute { bound.value.responseDone(keepsAlive: keepsAlive) }
            } catch {
                // The head is out: a cut connection is the only honest way to say that the body is not whole.
                bound.eventLoop.execute { bound.value.close() }
            }
        }
    }

    private func receive(_ bytes: ByteBuffer, _ body: RequestBodySource) {
        bodyBytes += bytes.readableBytes
        guard bodyBytes <= server.limits.maxBodyBytes else {
            body.fail(HTTPRefusal.bodyTooLarge)
            task?.cancel()
            refuse(.bodyTooLarge)
            return
        }
        wait(.body)
        bodyWantsMore = body.yield(bytes)
    }

    private func bodyDemanded() {
        bodyWantsMore = true
        processPending()
    }

    private func responseDone(keepsAlive: Bool) {
        task = nil
        guard case .responding(let body) = state else { return }
        guard keepsAlive, keepAlive else { return close() }
        if body == nil {
            requestDone()
        } else {
            state = .skippingBody
            wait(.body)
            processPending()
        }
    }

    private func requestDone() {
        state = .idle
        wait(.keepAlive)
        processPending()
    }

    // MARK: upgrade

    private func upgrade(_ head: HTTPRequestHead, _ mount: any UpgradeMount) {
        guard let context else { return }
        if let problem = HandshakeCheck.refusal(of: head) {
            loop.statistics.upgradesRefused += 1
            return refuse(problem)
        }
        state = .deciding
        wait(.nothing)
        let request = UpgradeRequest(head: head, remoteAddress: context.remoteAddress)
        cancelDecision = mount.begin(request, loop: loop) { [weak self] decision in
            self?.decided(decision, key: head.headers.first(name: "sec-websocket-key") ?? "")
        }
        if case .deciding = state {} else { cancelDecision = nil }
    }

    private func decided(_ decision: UpgradeDecision, key: String) {
        guard case .deciding = state, let context else { return }
        cancelDecision = nil
        switch decision {
        case .refuse(let refusal):
            loop.statistics.upgradesRefused += 1
            refuse(refusal)
        case .accept(var headers, let parameters, let session):
            loop.statistics.upgradesAccepted += 1
            headers.add(name: "upgrade", value: "websocket")
            headers.add(name: "connection", value: "Upgrade")
            headers.add(name: "sec-websocket-accept", value: WebSocketHandshake.accept(forKey: key))
            let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
            becomeWebSocket(
                WebSocketConnection(loop: loop, parameters: parameters, session: session), context)
        }
    }

    /// Leaves `connection` as the only handler. The decoder goes last: what it has not parsed, frames that came right
    /// behind the upgrade request, it hands to its next neighbour, which then is the connection.
    private func becomeWebSocket(_ connection: WebSocketConnection, _ context: ChannelHandlerContext) {
        state = .upgraded
        loop.unregister(self)
        let pipeline = context.pipeline.syncOperations
        // The encoder goes first: the session may send from the moment that its connection is added.
        if let encoder = server.encoder(of: pipeline) { pipeline.removeHandler(context: encoder, promise: nil) }
        do {
            try pipeline.addHandler(connection, position: .after(self))
        } catch {
            // The channel is closed already; this handler stays to the end.
            state = .closing
            return context.close(promise: nil)
        }
        let decoder = server.decoder(of: pipeline)
        pipeline.removeHandler(context: context, promise: nil)
        if let decoder { pipeline.removeHandler(context: decoder, promise: nil) }
        loop.markDirty(connection)
        // Asked for while the mount decided; nobody would ask again.
        if readWanted {
            readWanted = false
            pipeline.read()
        }
    }

    // MARK: answers of our own

    private func refuse(_ refusal: HTTPRefusal) {
        guard let context else { return }
        switch state {
        case .closing, .closed, .upgraded: return
        // A second answer would be read as a part of the first.
        case .responding where hasAnswered: return close()
        default: break
        }
        loop.statistics.requestsRefused += 1
        let closes = refusal.closes || !keepAlive || isUpgradeMarked
        var headers = refusal.headers
        headers.replaceOrAdd(name: "x-firecrest-error", value: refusal.code)
        headers.replaceOrAdd(name: "connection", value: closes ? "close" : "keep-alive")
        let body = refusal.body ?? (refusal.hasBody ? "\(refusal.sentence) (\(refusal.code))\n" : "")
        if !body.isEmpty, !headers.contains(name: "content-type") {
            headers.add(name: "content-type", value: "text/plain; charset=utf-8")
        }
        headers.replaceOrAdd(name: "content-length", value: String(body.utf8.count))
        headers.replaceOrAdd(name: "date", value: loop.httpDate.current())
        let head = HTTPResponseHead(version: .http1_1, status: refusal.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        server.logger.debug("request refused", metadata: ["code": "\(refusal.code)"])
        if closes {
            close()
        } else {
            requestDone()
        }
    }

    /// Closes once everything written has left; input that still comes is dropped, so that no reset overtakes the answer.
    private func close() {
        guard let context else { return }
        switch state {
        case .closing, .closed, .upgraded: return
        default: break
        }
        state = .closing
        pending = []
        task?.cancel()
        task = nil
        context.close(mode: .output, promise: nil)
        loop.timers.schedule(self, after: .seconds(2))
        if readWanted {
            readWanted = false
            context.read()
        }
    }

    private func leave() {
        if case .upgraded = state {
            context = nil
            return
        }
        guard context != nil else { return }
        loop.statistics.connectionsOpen -= 1
        if isAdmitted { server.admission.release() }
        if case .responding(let body?) = state { body.fail(ChannelError.inputClosed) }
        state = .closed
        task?.cancel()
        task = nil
        cancelDecision?()
        cancelDecision = nil
        pending = []
        context = nil
        loop.unregister(self)
    }

    // MARK: time

    private func wait(_ what: Waiting) {
        waiting = what
        switch what {
        case .header: loop.timers.schedule(self, after: server.limits.headerTimeout)
        case .body: loop.timers.schedule(self, after: server.limits.bodyTimeout)
        case .keepAlive: loop.timers.schedule(self, after: server.limits.keepAliveTimeout)
        case .nothing: loop.timers.cancel(self)
        }
    }

    override func timerFired() {
        if case .closing = state {
            context?.close(promise: nil)
            return
        }
        switch waiting {
        case .header: refuse(.headerTimeout)
        case .keepAlive: close()
        case .body:
            switch state {
            case .responding(let body?):
                // The route may be waiting for the body; it gets the error, the client gets the reason.
                guard bodyWantsMore else { return wait(.body) }
                body.fail(HTTPRefusal.bodyTimeout)
                task?.cancel()
                refuse(.bodyTimeout)
            case .upgradeRequest: refuse(.bodyTimeout)
            default: close()
            }
        case .nothing: break
        }
    }

    override func shutDown() {
        switch state {
        case .idle: close()
        default: keepAlive = false
        }
    }
}
