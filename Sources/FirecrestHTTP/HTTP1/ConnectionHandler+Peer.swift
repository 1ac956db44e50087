// Firecrest — who is at the other end: TLS, proxies, connections of one address.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

extension ConnectionHandler {
    // MARK: proxies

    /// A proxy's word about who is behind it, believed of our own proxies alone.
    func meet(_ header: ProxyHeader) {
        peer.isBehindProxy = true
        if server.trust.includes(peer.address), let address = header.client {
            peer.address = address
            peer.certificate = nil
            if let isSecure = header.isSecure { peer.isSecure = isSecure }
        }
        count(peer)
    }

    /// Counts this connection for a client; for none while that is a proxy, which has many.
    ///
    /// - Returns: whether it may have one more. If not, it has been told.
    @discardableResult
    func count(_ client: Peer) -> Bool {
        guard let lease else { return true }
        let isProxy = server.trust.includes(client.address)
        guard !lease.move(to: isProxy ? nil : client.address.flatMap(AddressKey.init)) else { return true }
        loop.statistics.connectionsRefused += 1
        refuse(.tooManyConnectionsFromAddress)
        return false
    }

    // MARK: TLS

    func handshakeDone(_ context: ChannelHandlerContext) {
        guard waiting == .handshake else { return }
        loop.statistics.tlsHandshakes += 1
        if entry.tls?.asksForCertificates == true {
            peer.certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes()
        }
        wait(.header)
    }

    func handshakeLate() {
        wait(.nothing)
        loop.statistics.tlsHandshakesFailed += 1
        loop.log(
            .handshakeFailed, .info, to: server.logger,
            "A TLS handshake was not done in time; the connection is closed.",
            metadata: ["limit": "\(entry.handshakeTimeout)", "peer": "\(peer.address?.ipAddress ?? "unix")"])
        abandonHandshake()
    }

    /// Whether `error` is TLS's own, which nothing of HTTP is said about.
    func handledTLS(_ error: any Error) -> Bool {
        guard entry.tls != nil else { return false }
        if waiting == .handshake {
            wait(.nothing)
            loop.statistics.tlsHandshakesFailed += 1
            loop.log(
                .handshakeFailed, .info, to: server.logger, "A TLS handshake failed.",
                metadata: ["error": "\(error)", "peer": "\(peer.address?.ipAddress ?? "unix")"])
            if "\(error)".contains("HTTP_REQUEST") { answerPlainText() }
            abandonHandshake()
            return true
        }
        // What was cut short ends as it does without TLS: by its own length.
        if error.isMissingFarewell { return true }
        if error is NIOSSLError || error is BoringSSLError {
            abandonHandshake()
            return true
        }
        return false
    }

    /// Beside the TLS handler, which would wait for a farewell that nobody can send.
    func abandonHandshake() {
        guard let context else { return }
        let pipeline = context.pipeline.syncOperations
        let below = (try? pipeline.context(handlerType: NIOSSLServerHandler.self)) ?? context
        below.close(promise: nil)
    }

    /// To a client that takes this for a listener without TLS.
    private func answerPlainText() {
        guard let context else { return }
        let body = "This port speaks TLS; ask for https:// or wss:// here. (tls_expected)\n"
        let answer = """
            HTTP/1.1 400 Bad Request\r
            content-type: text/plain; charset=utf-8\r
            content-length: \(body.utf8.count)\r
            connection: close\r
            x-firecrest-error: tls_expected\r
            \r
            \(body)
            """
        let pipeline = context.pipeline.syncOperations
        guard let below = try? pipeline.context(handlerType: NIOSSLServerHandler.self) else { return }
        below.writeAndFlush(NIOAny(ByteBuffer(string: answer)), promise: nil)
    }
}

extension Error {
    /// The client went without saying so in TLS. That it went is told by another event.
    var isMissingFarewell: Bool {
        if case .uncleanShutdown? = self as? NIOSSLError { true } else { false }
    }
}
