// Firecrest — the polling half of a client over long poll.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import NIOCore

/// Opens a session and polls it, one GET as soon as the one before is answered, as phoenix.js does.
///
/// Isolation: belongs to its channel's loop.
final class PollReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let request: ClientRequest
    private let headers: [(String, String)]
    private let inbox: FrameInbox
    private let opened: EventLoopPromise<String>
    private var token: String?
    private var unread = ByteBuffer()
    private var answers = AnswerReader()
    private var isOver = false

    init(_ request: ClientRequest, _ headers: [(String, String)], _ inbox: FrameInbox, opened: EventLoopPromise<String>)
    {
        self.request = request
        self.headers = headers
        self.inbox = inbox
        self.opened = opened
    }

    func channelActive(context: ChannelHandlerContext) {
        poll(context)
        context.fireChannelActive()
    }

    private func poll(_ context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(request.get(token: token, headers: headers)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        unread.writeBuffer(&bytes)
        do {
            while !isOver, let answer = try answers.next(&unread) {
                try received(try PollAnswer(answer))
                if !isOver { poll(context) }
            }
        } catch {
            end("\(error)")
        }
        if unread.readableBytes == 0 { unread = ByteBuffer() }
    }

    private func received(_ answer: PollAnswer) throws {
        guard let token else {
            guard answer.status == 410, answer.messages.isEmpty, let token = answer.token else {
                return end("a session was expected, not \(answer)")
            }
            self.token = token
            return opened.succeed(token)
        }
        switch answer.status {
        case 200 where answer.token == token && !answer.messages.isEmpty:
            inbox.add(answer.messages.map { .text($0) })
        case 204 where answer.token == token && answer.messages.isEmpty: break
        case 410 where answer.token != nil && answer.token != token && answer.messages.isEmpty:
            isOver = true
            inbox.add([.close(code: nil, reason: "the session is gone")])
        default: end("a poll was answered \(answer)")
        }
    }

    private func end(_ what: String) {
        isOver = true
        opened.fail(TestFailure(what))
        inbox.fail(what)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end("the connection of the polls ended")
        context.fireChannelInactive()
    }
}
