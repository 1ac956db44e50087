// Firecrest — a kept HTTP/1.1 connection of a client, one request at a time.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Connects with its first request. Once it is spent, a further request needs another of these.
///
/// Isolation: not Sendable; belongs to its way's client loop.
final class HTTPConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Event {
        case head(ResponseReader.Head)
        case body(ByteBuffer)
        /// The response is whole.
        case end
        /// The request came to nothing.
        case failed(String)
    }

    /// A body that is longer than this is not collected.
    static let maxBodyBytes = 16 << 20

    private let environment: ClientEnvironment
    private let handle: (Event) -> Void
    private var context: ChannelHandlerContext?
    private var reader = ResponseReader()
    /// What is to be sent once the connection is open.
    private var waiting: ByteBuffer?
    private var isOutstanding = false
    private var closesAfterwards = false
    private var isClosed = false

    init(_ environment: ClientEnvironment, handle: @escaping (Event) -> Void) {
        self.environment = environment
        self.handle = handle
    }

    /// Whether a request has not been answered yet.
    var isBusy: Bool { isOutstanding }
    /// Whether a further request needs another connection.
    private(set) var isSpent = false

    /// - Parameter headBytes: of the request's head; all of it unless it has a body.
    func send(_ request: ByteBuffer, headBytes: Int? = nil) {
        guard !isOutstanding, !isClosed else { return }
        isOutstanding = true
        environment.counters.requests += 1
        environment.counters.requestHeads.add(headBytes ?? request.readableBytes)
        if let context {
            context.writeAndFlush(wrapOutboundOut(request), promise: nil)
        } else {
            waiting = request
            environment.connect(self) { [weak self] in self?.fail("cannot connect: \($0)") }
        }
    }

    func close() {
        isClosed = true
        isOutstanding = false
        isSpent = true
        context?.close(promise: nil)
        context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !isClosed else {
            context.close(promise: nil)
            return
        }
        self.context = context
        if let waiting {
            self.waiting = nil
            context.writeAndFlush(wrapOutboundOut(waiting), promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosed else { return }
        reader.append(unwrapInboundIn(data))
        do throws(ResponseReader.Failure) {
            while !isClosed, let part = try reader.next() { take(part) }
        } catch {
            fail(error.description)
        }
    }

    private func take(_ part: ResponseReader.Part) {
        switch part {
        case .head(let head):
            environment.counters.responseHeads.add(head.bytes)
            closesAfterwards = head.closes
            handle(.head(head))
        case .body(let bytes): handle(.body(bytes))
        case .end:
            isOutstanding = false
            if closesAfterwards {
                isSpent = true
                context?.close(promise: nil)
                context = nil
            }
            handle(.end)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        isSpent = true
        guard isOutstanding else { return }
        fail("the server closed the connection before the answer was whole")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("\(error)")
    }

    private func fail(_ reason: String) {
        guard !isClosed else { return }
        let wasOutstanding = isOutstanding
        close()
        if wasOutstanding { handle(.failed(reason)) }
    }
}

@available(*, unavailable)
extension HTTPConnection: Sendable {}
