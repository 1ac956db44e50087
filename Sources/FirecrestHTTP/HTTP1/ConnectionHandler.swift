// Firecrest — HTTP/1.1 on one connection, up to the upgrade.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import FirecrestWire
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOTLS

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

    enum State {
        /// Between requests.
        case idle
        /// A request for a mount: its end must come before the upgrade.
        case upgradeRequest(HTTPRequestHead, any UpgradeMount)
        /// The mount decides.
        case deciding
        /// A request for a mount that answers itself: its body is collected.
        case collecting(HTTPRequestHead, any ExchangeMount, body: ByteBuffer)
        /// The mount answers when it will.
        case exchanging(HTTPExchange)
        /// A route answers; `body` is nil once the request has ended.
        case responding(body: RequestBodySource?)
        /// The answer is complete but the request's body is not: the rest is read and dropped.
        case skippingBody
        /// The connection closes as soon as what is queued has left.
        case closing
        case upgraded
        case closed
    }

    /// How long a connection that has only begun may take to its first request once the endpoint closes: a round trip.
    private static let firstRequestGrace = TimeAmount.milliseconds(500)

    enum Waiting {
        /// TLS, or the header of a proxy, before the first request.
        case handshake
        case header, body, keepAlive, nothing
    }

    let loop: LoopContext
    let server: ServerSettings
    let entry: ListenerEntry
    /// The connection's other end, or who a proxy said in front of everything that is behind it.
    var peer = Peer(address: nil)
    /// Whom the request under way comes from.
    var client = Peer(address: nil)
    /// nil while connections are not counted by address.
    var lease: AddressLease?
    var context: ChannelHandlerContext?
    var state = State.idle
    var waiting = Waiting.header
    var pending: Deque<HTTPServerRequestPart> = []
    var readWanted = false
    var bodyWantsMore = true
    var bodyBytes = 0
    var keepAlive = true
    var isUpgradeMarked = false
    /// Whether there was a request before the one under way.
    var hasServed = false
    /// Whether the head of a route's answer is out.
    var hasAnswered = false
    var readBroughtParts = false
    var isProcessing = false
    /// Whether this connection counts; after an upgrade the WebSocket answers for that.
    var isAdmitted = false
    var task: Task<Void, Never>?
    var cancelDecision: (() -> Void)?
    /// The last one, until the connection shows whether its answer arrived.
    var exchange: HTTPExchange?

    init(loop: LoopContext, server: ServerSettings, entry: ListenerEntry) {
        self.loop = loop
        self.server = server
        self.entry = entry
        super.init()
    }

    // MARK: from the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.register(self)
        loop.statistics.connectionsAccepted += 1
        loop.statistics.connectionsOpen += 1
        wait(entry.tls != nil ? .handshake : .header)
    }

    func channelActive(context: ChannelHandlerContext) {
        peer = Peer(address: context.remoteAddress, isSecure: entry.tls != nil)
        if let refusal = server.admission.refusal(of: context.channel) {
            loop.statistics.connectionsRefused += 1
            refuse(refusal)
        } else {
            isAdmitted = true
            lease = server.admission.lease(for: context.channel)
            // Who comes with a header of a proxy's is not known yet.
            if !entry.hasProxyHeader { count(peer) }
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
        guard !handledTLS(error) else { return }
        if !(error is HTTPParserError) { leaveExchangeAfterReset() }
        switch state {
        case .upgraded, .closed, .closing: return
        case .idle, .upgradeRequest, .collecting:
            refuse(.parseError(error))
        case .exchanging:
            // What came behind the request is not understood; its answer still goes out.
            keepAlive = false
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
        switch event {
        case ChannelEvent.inputClosed:
            // The client's last segment acknowledges what it had read by then (RFC 9293 §3.10.7.4).
            if let exchange { leaveExchange(received: exchange.wasReceived) }
            close()
        case let header as ProxyHeader: meet(header)
        case TLSUserEvent.handshakeCompleted: handshakeDone(context)
        default: break
        }
    }

    // MARK: flow of requests

    /// Whether a part can be handled now, or has to wait for the answer to an earlier request.
    func accepts(_ part: HTTPServerRequestPart) -> Bool {
        switch (state, part) {
        case (.idle, .head): true
        case (.upgradeRequest, .body), (.upgradeRequest, .end): true
        case (.collecting, .body), (.collecting, .end): true
        case (.responding(_?), .body), (.responding(_?), .end): true
        case (.skippingBody, .body), (.skippingBody, .end): true
        default: false
        }
    }

    var wantsInput: Bool {
        switch state {
        // While a mount takes its time, only reading tells that the client has gone.
        case .idle, .upgradeRequest, .collecting, .exchanging, .skippingBody: pending.isEmpty
        case .responding(let body): body != nil && bodyWantsMore && pending.isEmpty
        case .deciding: false
        case .closing, .upgraded, .closed: true
        }
    }

    func process(_ part: HTTPServerRequestPart) {
        switch (state, part) {
        case (.idle, .head(let head)): begin(head)
        case (.upgradeRequest, .body): refuse(.notUpgradable)
        case (.upgradeRequest(let head, let mount), .end): upgrade(head, mount)
        case (.collecting(let head, let mount, let body), .body(let bytes)): collect(bytes, head, mount, body)
        case (.collecting(let head, let mount, let body), .end): beginExchange(head, mount, body)
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

    func processPending() {
        // What is answered at once comes back here from within.
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while let part = pending.first, accepts(part) {
            pending.removeFirst()
            process(part)
        }
        resumeReading()
    }

    func resumeReading() {
        guard readWanted, wantsInput else { return }
        readWanted = false
        context?.read()
    }

    func begin(_ head: HTTPRequestHead) {
        loop.statistics.httpRequests += 1
        keepAlive = head.isKeepAlive
        isUpgradeMarked = head.headers.contains(name: "upgrade")
        hasAnswered = false
        bodyBytes = 0
        bodyWantsMore = true
        client = server.trust.client(of: head, from: peer)
        guard count(client) else { return }
        guard head.uri.utf8.count <= server.limits.maxTargetBytes else { return refuse(.targetTooLong) }
        guard head.hasClearBody else { return refuse(.parseError(HTTPParserError.unexpectedContentLength)) }
        leaveExchange(received: true)
        let path = head.path
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        switch server.mounts.first(where: { $0.claims(path: path) }) {
        case .upgrade(let mount):
            state = .upgradeRequest(head, mount)
            wait(.body)
        case .exchange(let mount):
            guard announced <= mount.maxBodyBytes else { return refuse(.bodyTooLarge) }
            state = .collecting(head, mount, body: ByteBuffer())
            wait(.body)
            continueIfExpected(head)
        case nil:
            guard announced <= server.limits.maxBodyBytes else { return refuse(.bodyTooLarge) }
            respond(head)
        }
    }

    func requestDone() {
        hasServed = true
        state = .idle
        wait(.keepAlive)
        processPending()
    }

    // MARK: answers of our own

    func refuse(_ refusal: HTTPRefusal) {
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
    func close() {
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

    func leave() {
        if case .upgraded = state {
            context = nil
            return
        }
        guard context != nil else { return }
        loop.statistics.connectionsOpen -= 1
        if isAdmitted { server.admission.release() }
        if case .responding(let body?) = state { body.fail(ChannelError.inputClosed) }
        state = .closed
        leaveExchangeAfterReset()
        task?.cancel()
        task = nil
        cancelDecision?()
        cancelDecision = nil
        pending = []
        context = nil
        loop.unregister(self)
    }

    // MARK: time

    func wait(_ what: Waiting) {
        waiting = what
        switch what {
        case .handshake: loop.timers.schedule(self, after: entry.handshakeTimeout)
        case .header: loop.timers.schedule(self, after: server.limits.headerTimeout)
        case .body: loop.timers.schedule(self, after: server.limits.bodyTimeout)
        case .keepAlive: loop.timers.schedule(self, after: server.limits.keepAliveTimeout)
        case .nothing: loop.timers.cancel(self)
        }
    }

    override func timerFired() {
        if let exchange, !exchange.isOpen { leaveExchange(received: exchange.wasReceived) }
        if case .closing = state {
            context?.close(promise: nil)
            return
        }
        switch waiting {
        case .handshake: handshakeLate()
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
            case .upgradeRequest, .collecting: refuse(.bodyTimeout)
            default: close()
            }
        case .nothing: break
        }
    }

    override func flushNow() {
        context?.flush()
    }

    override func shutDown() {
        switch state {
        case .idle where waiting == .handshake: abandonHandshake()
        case .idle where waiting == .header && !hasServed:
            // Its first request is most likely on its way, and shall have an answer.
            keepAlive = false
            waiting = .keepAlive
            loop.timers.schedule(self, after: Self.firstRequestGrace)
        case .idle: close()
        default: keepAlive = false
        }
    }
}
