// Firecrest — requests that the application's routes answer.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOHTTP1

extension ConnectionHandler {
    func respond(_ head: HTTPRequestHead) {
        guard let context, let request = HTTPRequest(head, isSecure: client.isSecure) else {
            return refuse(.parseError(HTTPParserError.invalidHeaderToken))
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let source = RequestBodySource(eventLoop: context.eventLoop) { bound.value.bodyDemanded() }
        state = .responding(body: source)
        wait(.body)
        continueIfExpected(head)
        let (channel, responder, logger) = (context.channel, server.responder, server.logger)
        let (version, isHead) = (head.version, head.method == .HEAD)
        let keepsAlive = keepAlive && !isUpgradeMarked
        let (body, date, sender) = (source.body, loop.httpDate.current(), client)
        // Hummingbird routes are async: one task per request, on this loop, cancelled when the client goes away.
        let executor = CallbackExecutor(loop, type: "route", topic: head.uri, event: "request")
        task = Task(executorPreference: executor) {
            let response = await RemoteClient.$current.withValue(RemoteClient(sender)) {
                await responder.respond(Request(head: request, body: body), channel, logger)
            }
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

    func continueIfExpected(_ head: HTTPRequestHead) {
        guard head.headers.first(name: "expect")?.lowercased() == "100-continue" else { return }
        context?.writeAndFlush(
            wrapOutboundOut(.head(.init(version: head.version, status: .continue))), promise: nil)
    }

    func receive(_ bytes: ByteBuffer, _ body: RequestBodySource) {
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

    func bodyDemanded() {
        bodyWantsMore = true
        processPending()
    }

    func responseDone(keepsAlive: Bool) {
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
}
