// Firecrest — requests that a mount takes: an upgrade, or an answer of its own.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore
internal import NIOHTTP1

extension ConnectionHandler {
    // MARK: upgrade

    func upgrade(_ head: HTTPRequestHead, _ mount: any UpgradeMount) {
        guard context != nil else { return }
        if let problem = HandshakeCheck.refusal(of: head) {
            loop.statistics.upgradesRefused += 1
            return refuse(problem)
        }
        // Whoever has just come was accepted before, and would take a refusal for a failure.
        guard !loop.isClosing, !(loop.isDraining && hasServed) else {
            loop.statistics.upgradesRefused += 1
            return refuse(.draining)
        }
        state = .deciding
        wait(.nothing)
        let request = MountRequest(head: head, client: client)
        cancelDecision = mount.begin(request, loop: loop) { [weak self] decision in
            self?.decided(decision, key: head.headers.first(name: "sec-websocket-key") ?? "")
        }
        if case .deciding = state {} else { cancelDecision = nil }
    }

    func decided(_ decision: UpgradeDecision, key: String) {
        guard case .deciding = state, let context else { return }
        cancelDecision = nil
        switch decision {
        // Nobody would close it.
        case .accept where loop.isClosing:
            loop.statistics.upgradesRefused += 1
            refuse(.draining)
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
            become(WebSocketConnection(loop: loop, parameters: parameters, session: session), context)
        }
    }

    /// Leaves `connection` as the only handler. The decoder goes last: what it has not parsed, frames that came right
    /// behind the upgrade request, it hands to its next neighbour, which then is the connection.
    func become(_ connection: some OutboundConnection & ChannelHandler, _ context: ChannelHandlerContext) {
        state = .upgraded
        loop.unregister(self)
        let pipeline = context.pipeline.syncOperations
        // The encoder goes first: the session may send from the moment that its connection is added.
        if let encoder = server.encoder(of: pipeline) { pipeline.removeHandler(context: encoder, promise: nil) }
        if entry.tls == nil, server.prelude == nil { connection.prepare(writingTo: DirectSocket(of: pipeline)) }
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

    // MARK: mounts that answer themselves

    func collect(
        _ bytes: ByteBuffer, _ head: HTTPRequestHead, _ mount: any ExchangeMount, _ body: ByteBuffer
    ) {
        guard body.readableBytes + bytes.readableBytes <= mount.maxBodyBytes else { return refuse(.bodyTooLarge) }
        // What comes in one piece is not copied.
        var body = body
        state = .idle
        if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
        state = .collecting(head, mount, body: body)
        wait(.body)
    }

    func beginExchange(_ head: HTTPRequestHead, _ mount: any ExchangeMount, _ body: ByteBuffer) {
        guard let context else { return }
        // A client that has sent all it has to say may close its side, or all of it: the answer's fate depends on which.
        try? context.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        let exchange = HTTPExchange(MountRequest(head: head, client: client), on: self)
        self.exchange = exchange
        state = .exchanging(exchange)
        wait(.nothing)
        mount.answer(exchange, body: body, loop: loop)
        // The end of a client that went while the request was handled was read before it and is not read again.
        if case .exchanging = state { resumeReading() }
    }

    /// The whole answer of the exchange under way.
    func answer(_ status: HTTPResponseStatus, headers: HTTPHeaders, body: ByteBuffer) {
        guard case .exchanging = state, let context else { return }
        let closes = !keepAlive || isUpgradeMarked
        var headers = headers
        headers.replaceOrAdd(name: "content-length", value: String(body.readableBytes))
        headers.replaceOrAdd(name: "date", value: loop.httpDate.current())
        if closes { headers.replaceOrAdd(name: "connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        if closes {
            context.flush()
            close()
        } else {
            loop.markDirty(self)
            requestDone()
        }
    }

    func becomeStream(headers: HTTPHeaders, parameters: StreamParameters, session: any StreamSession) {
        guard case .exchanging = state, let context else { return }
        exchange = nil
        let head = StreamConnection.head(headers, date: loop.httpDate.current())
        become(StreamConnection(loop: loop, head: head, parameters: parameters, session: session), context)
    }

    /// What TCP says about the last answer; nil where it is not known.
    var transmission: Transmission? { context.flatMap { Transmission($0.channel) } }

    func leaveExchangeAfterReset() {
        if let exchange { leaveExchange(received: exchange.wasReceivedBeforeReset) }
    }

    func leaveExchange(received: Bool) {
        let last = exchange
        exchange = nil
        last?.settle(received: received)
    }
}
