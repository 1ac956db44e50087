// Firecrest — a server of its own making that misbehaves where a test tells it to
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import FirecrestWire
import Glibc
import NIOCore
import NIOPosix

/// What the server does to one of its messages.
enum Mischief: Sendable {
    case drop, double
    /// Sends it after the next one of the same connection.
    case swap
    /// Changes one letter of the payload.
    case corrupt
    /// Sleeps so many milliseconds before it.
    case stall(Int)
    /// Sends a frame with a reserved bit before it.
    case badFrame
    /// Ends the connection.
    case hangUp
}

/// Serves joins, leaves, heartbeats, `echo` and `new_msg`, over a real socket; right, but for the messages it was told.
struct FaultyServer: Sendable {
    struct Behaviour: Sendable {
        /// By the number of the echo or delivery, from 1 on, over all connections.
        var mischief: [Int: Mischief] = [:]
        /// What handshakes are answered with instead.
        var refusal: String?
        var wrongAccept = false
        var joinStatus = "ok"
    }

    let port: Int
    var url: String { "ws://127.0.0.1:\(port)/socket" }

    static func run<Result: Sendable>(
        _ behaviour: Behaviour = Behaviour(), _ body: (FaultyServer) async throws -> Result
    ) async throws -> Result {
        try await ServerGate.enter(.alone) {
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let room = try await group.next().submit {
                NIOLoopBound(FaultyRoom(behaviour), eventLoop: group.next())
            }.get()
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1_024)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(FaultyConnection(room.value))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            do {
                let result = try await body(FaultyServer(port: channel.localAddress?.port ?? 0))
                try await group.shutdownGracefully()
                return result
            } catch {
                try? await group.shutdownGracefully()
                throw error
            }
        }
    }
}

/// What the connections of one server share.
final class FaultyRoom {
    let behaviour: FaultyServer.Behaviour
    var members: [[UInt8]: [FaultyConnection]] = [:]
    private var delivered = 0

    init(_ behaviour: FaultyServer.Behaviour) {
        self.behaviour = behaviour
    }

    func next() -> Mischief? {
        delivered += 1
        return behaviour.mischief[delivered]
    }
}

final class FaultyConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let room: FaultyRoom
    private var request: ByteBuffer? = ByteBuffer()
    private var decoder = MessageDecoder(
        role: .server, limits: FrameLimits(maxFrameBytes: 1 << 24, maxMessageBytes: 1 << 24), compression: nil)
    private var context: ChannelHandlerContext?
    private var out = ByteBuffer()
    private var held: ByteBuffer?
    private var topic: [UInt8] = []

    init(_ room: FaultyRoom) {
        self.room = room
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        leave()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if var request {
            request.writeImmutableBuffer(bytes)
            guard String(buffer: request).contains("\r\n\r\n") else {
                self.request = request
                return
            }
            self.request = nil
            answer(String(buffer: request))
            bytes = ByteBuffer()
        }
        while let event = try? decoder.next(&bytes, inflater: { Inflater() }) {
            switch event {
            case .message(_, let payload): take(payload)
            case .close(let code, _):
                out.writeImmutableBuffer(
                    FrameEncoder.close(code ?? .normal, reason: "", allocator: ByteBufferAllocator()))
                flush()
                context.close(promise: nil)
            case .ping, .pong: break
            }
        }
        flush()
        for member in room.members[topic] ?? [] { member.flush() }
    }

    private func flush() {
        guard out.readableBytes > 0 else { return }
        context?.writeAndFlush(wrapOutboundOut(out), promise: nil)
        out = ByteBuffer()
    }

    private func answer(_ request: String) {
        if let refusal = room.behaviour.refusal {
            out.writeString(refusal)
            flush()
            return
        }
        let key =
            request.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key:") }?
            .split(separator: " ").last.map(String.init) ?? ""
        let accept = WebSocketHandshake.accept(forKey: room.behaviour.wrongAccept ? key + "x" : key)
        out.writeString(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n")
    }

    private func take(_ message: ByteBuffer) {
        guard let parts = try? EnvelopeScanner.scanArray(message.readableBytesUInt8Span) else { return }
        func slice(_ range: Range<Int>?) -> ByteBuffer {
            range.flatMap { message.getSlice(at: message.readerIndex + $0.lowerBound, length: $0.count) }
                ?? ByteBuffer()
        }
        let topic = slice(parts.topic)
        func reply(_ status: String, _ response: ByteBuffer) -> ByteBuffer {
            var text = ByteBuffer(string: "[")
            text.writeImmutableBuffer(slice(parts.joinRef))
            text.writeString(",")
            text.writeImmutableBuffer(slice(parts.ref))
            text.writeString(",")
            text.writeImmutableBuffer(topic)
            text.writeString(",\"phx_reply\",{\"status\":\"\(status)\",\"response\":")
            text.writeImmutableBuffer(response)
            text.writeString("}]")
            return text
        }
        switch String(buffer: slice(parts.event)) {
        case "\"phx_join\"":
            self.topic = Array(topic.readableBytesView)
            if room.behaviour.joinStatus == "ok" { room.members[self.topic, default: []].append(self) }
            write(reply(room.behaviour.joinStatus, ByteBuffer(string: "{}")))
        case "\"phx_leave\"":
            leave()
            write(reply("ok", ByteBuffer(string: "{}")))
        case "\"echo\"": deliver(reply("ok", slice(parts.payload)))
        case "\"new_msg\"":
            var text = ByteBuffer(string: "[null,null,")
            text.writeImmutableBuffer(topic)
            text.writeString(",\"new_msg\",")
            text.writeImmutableBuffer(slice(parts.payload))
            text.writeString("]")
            for member in room.members[self.topic] ?? [] { member.deliver(text) }
        default: write(reply("ok", ByteBuffer(string: "{}")))
        }
    }

    private func leave() {
        room.members[topic]?.removeAll { $0 === self }
    }

    /// With whatever is to go wrong with it.
    private func deliver(_ message: ByteBuffer) {
        let mischief = room.next()
        guard mischief != nil || held != nil else { return write(message) }
        switch mischief {
        case .drop: return
        case .double:
            write(message)
            write(message)
        case .swap:
            held = message
            return
        case .corrupt:
            var text = String(buffer: message)
            // The last letter of the filler.
            if let end = text.lastIndex(of: "\""), let start = text[..<end].lastIndex(where: { $0.isLetter }) {
                text.replaceSubrange(start...start, with: text[start] == "x" ? "y" : "x")
            }
            write(ByteBuffer(string: text))
        case .stall(let milliseconds):
            usleep(UInt32(milliseconds) * 1_000)
            write(message)
        case .badFrame:
            out.writeInteger(UInt16(0xB100))
            write(message)
        case .hangUp:
            context?.close(promise: nil)
            return
        case nil: write(message)
        }
        if let held {
            self.held = nil
            write(held)
        }
    }

    private func write(_ message: ByteBuffer) {
        FrameEncoder.writeHeader(into: &out, opcode: .text, payloadLength: message.readableBytes)
        out.writeImmutableBuffer(message)
    }
}

@available(*, unavailable)
extension FaultyRoom: Sendable {}
@available(*, unavailable)
extension FaultyConnection: Sendable {}
