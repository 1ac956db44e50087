// Firecrest — the streaming half of a client over server-sent events.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import NIOCore

/// Opens a session and reads its frames off the response that does not end.
///
/// Isolation: belongs to its channel's loop.
final class StreamReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let request: ClientRequest
    private let headers: [(String, String)]
    private let inbox: FrameInbox
    private let opened: EventLoopPromise<String>
    private var unread = ByteBuffer()
    private var events: EventReader?
    private var isOpen = false

    init(_ request: ClientRequest, _ headers: [(String, String)], _ inbox: FrameInbox, opened: EventLoopPromise<String>)
    {
        self.request = request
        self.headers = headers
        self.inbox = inbox
        self.opened = opened
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(request.get(token: nil, headers: headers)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        unread.writeBuffer(&bytes)
        do {
            if events == nil {
                guard let head = try unread.readText(through: "\r\n\r\n").map(HTTPAnswer.init(head:)) else { return }
                guard head.status == 200, head["content-type"] == "text/event-stream; charset=utf-8" else {
                    throw TestFailure("a stream was expected, not \(head.status) \(head.headers)")
                }
                events = EventReader()
            }
            var frames: [ReceivedFrame] = []
            while let item = try events?.next(&unread) {
                if case .event(let event) = item, let frame = try received(event) { frames.append(frame) }
            }
            inbox.add(frames)
        } catch {
            opened.fail(error)
            inbox.fail("\(error)")
        }
        if unread.readableBytes == 0 { unread = ByteBuffer() }
    }

    private func received(_ event: ReceivedEvent) throws -> ReceivedFrame? {
        guard isOpen else {
            guard event.name == "session", let token = try Self.json(event.data)["token"]?.stringValue else {
                throw TestFailure("the event of a session was expected, not \(event)")
            }
            isOpen = true
            opened.succeed(token)
            return nil
        }
        switch event.name {
        case "message": return .text(event.data)
        case "binary":
            guard let bytes = Base64Text.decode(event.data) else {
                throw TestFailure("base64 was expected, not \(event.data)")
            }
            return .binary(bytes)
        case "close":
            let json = try Self.json(event.data)
            guard let code = json["code"]?.intValue.flatMap(UInt16.init(exactly:)) else {
                throw TestFailure("a close has a code: \(event.data)")
            }
            return .close(code: code, reason: json["reason"]?.stringValue ?? "")
        default: throw TestFailure("frames do not come as \(event)")
        }
    }

    private static func json(_ text: String) throws -> JSON {
        try JSON(parsing: ByteBuffer(string: text))
    }

    func channelInactive(context: ChannelHandlerContext) {
        opened.fail(TestFailure("the connection ended before a session was open"))
        inbox.add([.eof])
        context.fireChannelInactive()
    }
}
