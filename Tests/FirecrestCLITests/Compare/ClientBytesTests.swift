// Firecrest — a known conversation, byte for byte: what a comparison's clients count of it
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore
import NIOEmbedded
import Testing

@testable import FirecrestCLI

@Suite("compare: bytes")
struct ClientBytesTests {
    private let loop = EmbeddedEventLoop()

    /// A client's environment, and a channel that stands for one of its sockets.
    private func open(_ handler: (ClientEnvironment) -> any ChannelHandler) throws -> (
        ClientEnvironment, EmbeddedChannel
    ) {
        let environment = ClientEnvironment(loop: loop, port: 4_000, headers: .browser)
        let channel = EmbeddedChannel(loop: loop)
        try channel.pipeline.syncOperations.addHandlers([ByteCounter(environment), handler(environment)])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 4_000)).wait()
        return (environment, channel)
    }

    @Test("two requests on one connection: heads and bodies, up and down, whatever pieces they come in")
    func countsAConversation() throws {
        var statuses: [Int] = []
        var bodies = ""
        var connection: HTTPConnection?
        let (environment, channel) = try open { environment in
            let made = HTTPConnection(environment) { event in
                switch event {
                case .head(let head): statuses.append(head.status)
                case .body(let bytes): bodies += String(buffer: bytes)
                case .end, .failed: break
                }
            }
            connection = made
            return made
        }
        #expect(environment.counters.connections == 1)
        let question = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        let first = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"7\"\r\n\r\nhello"
        let second = "HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n"
        connection?.send(ByteBuffer(string: question))
        #expect(connection?.isBusy == true)
        for byte in first.utf8 { try channel.writeInbound(ByteBuffer(bytes: [byte])) }
        #expect(connection?.isBusy == false)
        let post = "POST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\n"
        connection?.send(ByteBuffer(string: post + "[]"), headBytes: post.utf8.count)
        try channel.writeInbound(ByteBuffer(string: second))

        let counters = environment.counters
        #expect(statuses == [200, 304])
        #expect(bodies == "hello")
        #expect(counters.requests == 2)
        #expect(counters.bytesUp == question.utf8.count + post.utf8.count + 2)
        #expect(counters.bytesDown == first.utf8.count + second.utf8.count)
        #expect(
            counters.requestHeads.summary
                == SizeSummary(
                    count: 2, smallest: question.utf8.count, typical: question.utf8.count, largest: post.utf8.count))
        #expect(counters.responseHeads.summary?.largest == first.utf8.count - 5)
        _ = try channel.finish(acceptAlreadyClosed: true)
        #expect(environment.counters.connections == 0)
    }

    @Test("an answer that says close ends the connection; one that is cut short has failed")
    func endsConnections() throws {
        for (answer, failures) in [
            ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 0),
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", 1),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 1),
            ("SSH-2.0-OpenSSH\r\n\r\n", 1),
        ] {
            var failed = 0
            var connection: HTTPConnection?
            let (_, channel) = try open { environment in
                let made = HTTPConnection(environment) { if case .failed = $0 { failed += 1 } }
                connection = made
                return made
            }
            connection?.send(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"))
            try channel.writeInbound(ByteBuffer(string: answer))
            _ = try? channel.finish(acceptAlreadyClosed: true)
            #expect(failed == failures, "\(answer)")
            #expect(connection?.isSpent == true)
        }
    }

    @Test("the headers of frames, in one piece and byte by byte")
    func metersFrames() {
        let frames = [
            Bytes.server(.text, ByteBuffer(repeating: 0x61, count: 5)),
            Bytes.server(.binary, ByteBuffer(repeating: 0xFF, count: 300)),
            Bytes.server(.binary, ByteBuffer(repeating: 0xFF, count: 70_000)),
            FrameEncoder.frame(
                opcode: .text, payload: ByteBuffer(string: "hello"), allocator: ByteBufferAllocator(), maskKey: 7),
            Bytes.server(.ping, ByteBuffer()),
        ]
        var stream = ByteBuffer()
        for frame in frames { stream.writeImmutableBuffer(frame) }
        let lengths = [2, 4, 10, 6, 2]
        var whole = FrameMeter()
        #expect(whole.read(stream) == lengths)
        var pieces = FrameMeter()
        #expect(stream.readableBytesView.flatMap { pieces.read(ByteBuffer(bytes: [$0])) } == lengths)
    }

    @Test("an event stream as browsers read it")
    func readsEventStreams() {
        let text =
            ":ok\r\nretry: 10\n\nid: 1\nevent: tick\ndata: {\"a\":\rdata:1}\n\ndata\n\nid: 2\n\nevent: none\n\ndata: x\n"
        typealias Event = EventStreamReader.Event
        let expected = [Event(name: "tick", data: "{\"a\":\n1}"), Event(name: "message", data: "")]
        var whole = EventStreamReader()
        #expect(whole.read(ByteBuffer(string: text)) == expected)
        #expect(whole.lastID == "2")
        var pieces = EventStreamReader()
        #expect(text.utf8.flatMap { pieces.read(ByteBuffer(bytes: [$0])) } == expected)
    }

    @Test("heads are as long as those that Chromium sent when they were recorded")
    func writesHeadsAsChromium() {
        let headers = BrowserHeaders(.browser, authority: "127.0.0.1:36367")
        // Recorded from HeadlessChrome, a word that is 8 bytes longer than Chrome.
        let recorded: [(ByteBuffer, Int)] = [
            (headers.shortPoll(SocketTarget.shortPoll(topic: "feed:live", after: nil), etag: nil), 516),
            (headers.shortPoll(SocketTarget.shortPoll(topic: "feed:live", after: "C"), etag: "\"C\""), 570),
            (headers.longPoll(SocketTarget.longPoll(token: nil)), 525),
            (headers.eventSource(SocketTarget.eventSource(topic: "feed:live")), 572),
            (headers.eventSource(SocketTarget.eventSource(topic: "feed:live"), lastEventID: "7"), 590),
            (headers.webSocket(SocketTarget.webSocket(), key: "6LWkuL15sVUxrqIolWk5lQ=="), 523),
        ]
        for (head, bytes) in recorded { #expect(head.readableBytes == bytes - 8, "\(String(buffer: head))") }
        let posts = [
            (headers.post(SocketTarget.longPoll(token: "T"), body: ByteBuffer(string: "[1]")), 608),
            (headers.post(SocketTarget.post(), token: "T", body: ByteBuffer(string: "[1]")), 614),
        ]
        for (post, bytes) in posts {
            #expect(post.head == bytes - 8)
            #expect(post.request.readableBytes == post.head + 3)
        }
    }
}
