// Firecrest — a POST with a client's messages to its session, as long poll and event streams have it.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore
internal import NIOHTTP1

/// Answers one POST: 200 when every message was handled, 408 when not in time, 410 when there is no session.
struct SessionPost {
    let directory: SessionDirectory
    let maxTokenAge: Duration?

    func handle(_ exchange: HTTPExchange, _ params: ConnectParams, _ body: ByteBuffer, _ loop: LoopContext) {
        guard let token = SessionToken(exchange.request, params),
            let address = directory.tokens.verify(token.text, maxAge: maxTokenAge, now: SessionTokens.now)
        else { return exchange.respond(LongPollBody.status(410)) }
        var lines = PublishBody(
            body, isLines: PublishBody.isLines(contentType: exchange.request.head.headers.first(name: "content-type")))
        var frames: [PublishBody.Frame] = []
        do throws(PublishBodyError) {
            while let frame = try lines.next() { frames.append(frame) }
        } catch {
            return exchange.refuse(
                HTTPRefusal(.badRequest, code: error.code.rawValue, sentence: error.reason))
        }
        loop.statistics.longPollLinesIgnored += lines.ignoredLines
        let waiting = NIOLoopBound(exchange, eventLoop: loop.eventLoop)
        directory.publish(address, frames) { answer in
            waiting.eventLoop.runHere {
                switch answer {
                case .done, .messages: waiting.value.respond(LongPollBody.status(200))
                case .busy: waiting.value.respond(LongPollBody.status(408))
                case .gone: waiting.value.respond(LongPollBody.status(410))
                }
            }
        }
    }
}

extension EventLoop {
    /// At once when called on this loop.
    func runHere(_ body: @escaping @Sendable () -> Void) {
        if inEventLoop { body() } else { execute(body) }
    }
}
