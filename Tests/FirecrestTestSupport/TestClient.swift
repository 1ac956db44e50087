// Firecrest — a TCP client that does what a test tells it, well-behaved or not.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
internal import FirecrestWire
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import NIOPosix
internal import NIOConcurrencyHelpers

/// One connection to a server. Raw bytes here; HTTP, WebSocket and Phoenix messages in the extensions. One that speaks
/// with its socket over long poll or an event stream has a second connection (``Carried``), and no bytes of its own to read.
///
/// Nothing happens by itself: no ping is answered, no close frame returned. Every wait has a limit, after which it throws
/// what it waited for. One task at a time reads; any may send.
package final class TestClient: Sendable {
    /// How long a wait may take when the test says nothing. Only a test that fails waits this long: 5 s. Under a sanitizer
    /// it is 20 s, as the test's own reading and eight tests at once may take longer than 5 s there; no more, because a
    /// server pings after 25 s.
    package static let patience = Duration.seconds(Bystanders.isSanitized ? 20 : 5)

    let channel: any NIOCore.Channel
    private let inbox: ByteInbox
    /// Received and not yet read.
    private let unread = NIOLockedValueBox(ByteBuffer())
    let frames = NIOLockedValueBox(FrameReader())
    private let spoken = NIOLockedValueBox(Wire.v2)
    /// What carries its frames when that is not a WebSocket.
    let carried: Carried?

    init(channel: any NIOCore.Channel, inbox: ByteInbox, carried: Carried? = nil) {
        self.channel = channel
        self.inbox = inbox
        self.carried = carried
    }

    /// Opens a connection that says nothing yet.
    ///
    /// - Parameters:
    ///   - readsByItself: false for a client that does not read: the kernel's buffers fill. See `startReading`.
    ///   - receiveBuffer: the size of the kernel's receive buffer, for clients that do not read.
    ///   - tls: what it takes and shows in TLS; nil for plain text.
    ///   - prefix: bytes that go before everything else, TLS too: what a proxy says about its client.
    package static func open(
        _ server: TestServer, readsByItself: Bool = true, receiveBuffer: Int? = nil, tls: TestTLS? = nil,
        prefix: ByteBuffer? = nil
    ) async throws -> TestClient {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: server.port)
        let client = try await open(
            address, readsByItself: readsByItself, receiveBuffer: receiveBuffer, tls: tls, prefix: prefix)
        server.adopt(client)
        return client
    }

    /// As above, to any address, for example of a Unix socket.
    package static func open(
        _ address: SocketAddress, readsByItself: Bool = true, receiveBuffer: Int? = nil, tls: TestTLS? = nil,
        prefix: ByteBuffer? = nil
    ) async throws -> TestClient {
        let inbox = ByteInbox()
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5))
            .channelOption(.autoRead, value: readsByItself)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let prefix { try channel.pipeline.syncOperations.addHandler(Prefix(prefix)) }
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.makeHandler()) }
                    try channel.pipeline.syncOperations.addHandler(inbox)
                }
            }
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        return TestClient(channel: try await bootstrap.connect(to: address).get(), inbox: inbox)
    }

    /// The form that messages have on this connection. Serializer 2.0.0 in text frames unless a test says otherwise.
    package var wire: Wire {
        get { spoken.withLockedValue { $0 } }
        set { spoken.withLockedValue { $0 = newValue } }
    }

    /// For a client that was opened with `readsByItself: false`.
    package func startReading() async throws {
        try await channel.setOption(.autoRead, value: true).get()
    }

    // MARK: sending

    /// Returns when the kernel has taken all bytes.
    package func sendBytes(_ bytes: ByteBuffer, timeout: Duration = patience) async throws {
        let written = channel.eventLoop.makePromise(of: Void.self)
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            written.fail(TestFailure("the server did not take \(bytes.readableBytes) bytes within \(timeout)"))
        }
        channel.writeAndFlush(bytes).cascade(to: written)
        defer { timer.cancel() }
        try await written.futureResult.get()
    }

    package func sendBytes(_ text: String, timeout: Duration = patience) async throws {
        try await sendBytes(ByteBuffer(string: text), timeout: timeout)
    }

    package func sendBytes(_ bytes: [UInt8], timeout: Duration = patience) async throws {
        try await sendBytes(ByteBuffer(bytes: bytes), timeout: timeout)
    }

    /// Queues bytes and does not wait for the kernel: for what the server may refuse to read.
    package func sendWithoutWaiting(_ bytes: ByteBuffer) {
        channel.writeAndFlush(bytes, promise: nil)
    }

    /// Calls `body` when the kernel has taken everything that was queued up to now.
    package func whenAllIsSent(_ body: @escaping @Sendable () -> Void) {
        channel.writeAndFlush(ByteBuffer()).whenSuccess(body)
    }

    /// Sends `bytes` again and again from the event loop, so that a busy machine does not delay them, until the returned
    /// function is called or the connection closes.
    package func sendBytes(_ bytes: ByteBuffer, every interval: Duration) -> @Sendable () -> Void {
        let channel = channel
        let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: TimeAmount(interval)) { _ in
            channel.writeAndFlush(bytes, promise: nil)
        }
        channel.closeFuture.whenComplete { _ in task.cancel() }
        return { task.cancel() }
    }

    // MARK: receiving

    /// The next `count` bytes.
    package func receiveBytes(_ count: Int, timeout: Duration = patience) async throws -> ByteBuffer {
        try await receive("\(count) bytes", timeout) { $0.readSlice(length: count) }
    }

    /// The next byte, which stays to be read.
    package func peekByte(timeout: Duration = patience) async throws -> UInt8 {
        try await receive("a byte", timeout) { $0.getInteger(at: $0.readerIndex) }
    }

    /// Everything up to `mark`, and `mark` itself.
    package func receiveText(through mark: String, timeout: Duration = patience) async throws -> String {
        try await receive("the end of a text", timeout) { $0.readText(through: mark) }
    }

    /// Everything up to the end of the stream.
    package func receiveRest(timeout: Duration = patience) async throws -> ByteBuffer {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        while case .more = try await fill("the end of the stream", deadline) {}
        return unread.withLockedValue { bytes in
            defer { bytes = ByteBuffer() }
            return bytes
        }
    }

    /// Waits for the end of the connection; bytes that come before are dropped.
    @discardableResult
    package func waitForClose(timeout: Duration = patience) async throws -> StreamEnd {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        while true {
            unread.withLockedValue { $0.clear() }
            if case .end(let end) = try await fill("the end of the connection", deadline) { return end }
        }
    }

    /// Waits until `read` can take something off the front of what came.
    ///
    /// - Throws: `TestFailure` that names `what` when the time or the stream ends before.
    func receive<Result>(
        _ what: String, _ timeout: Duration, _ read: (inout ByteBuffer) throws -> Result?
    ) async throws -> Result {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        while true {
            if let result = try unread.withLockedValue({ try read(&$0) }) { return result }
            if case .end(let end) = try await fill(what, deadline) {
                throw TestFailure("the connection ended (\(end)) before \(what) came")
            }
        }
    }

    enum Filled {
        case more
        case end(StreamEnd)
    }

    /// Waits for more bytes in `unread`.
    func fill(_ what: String, _ deadline: NIODeadline) async throws -> Filled {
        switch try await inbox.take(until: deadline, on: channel.eventLoop) {
        case .bytes(var bytes):
            unread.withLockedValue { _ = $0.writeBuffer(&bytes) }
            return .more
        case .end(let end):
            return .end(end)
        case .late:
            let held = unread.withLockedValue { $0.readableBytes }
            throw TestFailure("\(what) did not come in time; \(held) bytes are unread")
        }
    }

    /// Reads off the front of what is here already.
    func readUnread<Result>(_ read: (inout ByteBuffer) throws -> Result?) rethrows -> Result? {
        try unread.withLockedValue { try read(&$0) }
    }

    // MARK: end

    /// Closes the connection without a word.
    package func drop() {
        channel.close(promise: nil)
        carried?.drop()
    }

    /// Ends the connection with a reset, so that nothing which the server still sends arrives.
    package func reset() async throws {
        guard let options = channel as? any SocketOptionProvider else { throw TestFailure("this is no socket") }
        try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close()
    }

    /// Whether the connection has not ended, as far as this side knows.
    package var isOpen: Bool { channel.isActive }
}

extension TimeAmount {
    package init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}

/// Sends some bytes before anybody else can.
private final class Prefix: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let bytes: ByteBuffer

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        context.fireChannelActive()
    }
}
