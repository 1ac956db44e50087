// Firecrest — the sending half of a client over long poll or server-sent events.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// POSTs frames as phoenix.js does: one request at a time; what is sent meanwhile goes with the next, up to a hundred
/// lines in one.
///
/// Isolation: belongs to its channel's loop.
final class Poster: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let maxLines = 100

    private let request: ClientRequest
    /// Serializer 1.0.0 has no batches of texts: an object is no line.
    private let hasBatches: Bool
    private let token: String
    private let inbox: FrameInbox
    /// Sent from the front, in order.
    private var queue: ArraySlice<RawFrame> = []
    private var isWaiting = false
    private var unread = ByteBuffer()
    private var answers = AnswerReader(method: "POST")
    private var context: ChannelHandlerContext?

    init(_ request: ClientRequest, hasBatches: Bool, token: String, _ inbox: FrameInbox) {
        self.request = request
        self.hasBatches = hasBatches
        self.token = token
        self.inbox = inbox
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func send(_ frames: [RawFrame]) {
        queue += frames
        post()
    }

    private func post() {
        guard !isWaiting, let context, let first = queue.first else { return }
        let bytes: ByteBuffer
        if line(first) == nil {
            // The whole body is one text.
            bytes = request.post(token: token, contentType: "application/json", first.payload)
            queue.removeFirst()
        } else {
            let lines = queue.prefix(Self.maxLines).prefix { line($0) != nil }
            queue.removeFirst(lines.count)
            let body = lines.compactMap(line).joined(separator: "\n")
            bytes = request.post(token: token, contentType: "application/x-ndjson", ByteBuffer(string: body))
        }
        isWaiting = true
        context.writeAndFlush(NIOAny(bytes), promise: nil)
    }

    /// A frame as a line of a batch; nil when it has to travel alone: what is no array, and a text of several lines.
    private func line(_ frame: RawFrame) -> String? {
        if frame.opcode == 2 { return Base64Text.encode(frame.payload) }
        let text = String(buffer: frame.payload)
        let isLine =
            hasBatches && text.utf8.first == UInt8(ascii: "[") && !text.utf8.contains { $0 == 0x0A || $0 == 0x0D }
        return isLine ? text : nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        unread.writeBuffer(&bytes)
        do {
            while let answer = try answers.next(&unread) {
                let status = try PollAnswer(answer).status
                // A session that is gone, or goes because of this message, says so to the other connection.
                guard status == 200 || status == 410 else { throw TestFailure("a POST was answered \(answer.text)") }
                isWaiting = false
                if status == 200 { post() }
            }
        } catch {
            inbox.fail("\(error)")
        }
        if unread.readableBytes == 0 { unread = ByteBuffer() }
    }
}
