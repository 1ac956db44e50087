// Firecrest — one client of a load: a few counters and a frame decoder on a channel.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// Leaner than ``ClientConnection``: no timer, no compression, no buffer between reads, and messages that are made in one
/// read go out in one write. What it does is its swarm's to say.
///
/// Isolation: not Sendable; belongs to its swarm's loop.
final class BenchConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase: UInt8 {
        case connecting, handshake, joining, joined, leaving
        /// A close frame went out.
        case closing
        /// Both close frames were exchanged; the server is to end the TCP connection.
        case ending
        case closed
    }

    static let limits = FrameLimits(maxFrameBytes: 64 << 20, maxMessageBytes: 64 << 20, maxFragments: 65_536)

    let swarm: Swarm
    /// In the whole load, over all processes.
    let number: Int
    let place: BenchPlan.Place
    /// When it was to be opened, in nanoseconds.
    let began: UInt64
    /// When it was.
    let made: UInt64
    var phase = Phase.connecting
    /// Numbered pushes that went out, and the last of them that was answered.
    var sent: UInt32 = 0
    var answered: UInt32 = 0
    /// The last broadcast that came.
    var heard: UInt32 = 0
    var beats: UInt32 = 0
    /// When the heartbeat that is outstanding was due; 0: none is.
    var beatTime: UInt64 = 0
    /// What its topic's speaker waits for.
    var window: TopicWindow?
    /// Bytes that a slow reader asked for.
    var bytesAsked = 0.0
    private(set) var context: ChannelHandlerContext?
    private var reader: HandshakeReader?
    private var decoder = MessageDecoder(role: .client, limits: limits, compression: nil)

    init(_ swarm: Swarm, number: Int, place: BenchPlan.Place, began: UInt64) {
        self.swarm = swarm
        self.number = number
        self.place = place
        self.began = began
        made = BenchClock.now
    }

    var isJoined: Bool { phase == .joined }

    // MARK: out

    /// Sends what the swarm's batch has, which is for this connection.
    func flush() {
        guard !swarm.batch.isEmpty else { return }
        if let context, phase != .closed {
            context.writeAndFlush(wrapOutboundOut(swarm.batch.bytes), promise: nil)
        }
        swarm.batch.clear()
    }

    /// Ends the TCP connection, without a word more.
    func drop() {
        guard phase != .closed else { return }
        phase = .closed
        context?.close(promise: nil)
        context = nil
    }

    func close(_ code: CloseCode = .normal) {
        swarm.batch.append(.close, FrameEncoder.closeBody(code, reason: "", allocator: ByteBufferAllocator()))
        phase = .closing
        flush()
    }

    /// From now on nothing is read that is not asked for.
    func readOnDemand() {
        try? context?.channel.syncOptions?.setOption(.autoRead, value: false)
    }

    func read() {
        context?.read()
    }

    // MARK: in

    func channelActive(context: ChannelHandlerContext) {
        guard phase == .connecting else {
            context.close(promise: nil)
            return
        }
        self.context = context
        phase = .handshake
        let handshake = swarm.makeHandshake()
        reader = HandshakeReader(handshake)
        context.writeAndFlush(wrapOutboundOut(handshake.request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard phase != .closed else { return }
        swarm.readBegins()
        if phase == .handshake {
            guard let rest = readAnswer(bytes) else { return }
            bytes = rest
        }
        do throws(WebSocketError) {
            while phase != .closed, let event = try decoder.next(&bytes, inflater: { Inflater() }) { take(event) }
        } catch {
            swarm.fail(self, .frame, "\(error.reason) (\(error.kind.rawValue))")
        }
        flush()
    }

    private func readAnswer(_ bytes: ByteBuffer) -> ByteBuffer? {
        if let key = reader?.handshake.key, let rest = swarm.knownAnswer?.rest(of: bytes, key: key) {
            reader = nil
            swarm.opened(self)
            return rest
        }
        do throws(ConsoleError) {
            guard let answer = try reader?.read(bytes) else { return nil }
            _ = try answer.outcome.get()
            swarm.knownAnswer = (reader?.handshake.key).flatMap { KnownAnswer(answer.head, key: $0) }
            reader = nil
            swarm.opened(self)
            return answer.rest
        } catch {
            swarm.fail(self, .handshakeFailed, error.description)
            return nil
        }
    }

    private func take(_ event: WebSocketEvent) {
        switch event {
        case .message(let kind, let payload): swarm.received(payload, kind, on: self)
        case .ping(let payload): swarm.batch.append(.pong, payload)
        case .pong: break
        case .close(let code, let reason):
            if phase == .closing {
                phase = .ending
            } else {
                swarm.closedByServer(self, code, reason)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended(nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ended(error)
    }

    private func ended(_ error: (any Error)?) {
        let last = phase
        let reader = reader
        drop()
        switch last {
        case .closed: break
        case .ending: swarm.finished(self)
        case .handshake where error == nil:
            let reason = reader?.ended().description ?? "the server ended the connection"
            swarm.failed(self, .handshakeFailed, reason, at: last)
        case .joined where place.role == .slow: swarm.slowReaderEnded(self, "no close frame")
        default:
            let reason = error.map { ConnectFailure.describe($0) } ?? "the server ended the connection"
            swarm.failed(self, .dropped, "\(reason), while it was \(last.meaning)", at: last)
        }
    }
}

@available(*, unavailable)
extension BenchConnection: Sendable {}

extension BenchConnection.Phase {
    /// What the connection was at.
    var meaning: String {
        switch self {
        case .connecting: "connecting"
        case .handshake: "waiting for the handshake's answer"
        case .joining: "waiting for the join's reply"
        case .joined: "joined"
        case .leaving: "waiting for the leave's reply"
        case .closing: "waiting for the close frame's answer"
        case .ending: "waiting for the server to end the TCP connection"
        case .closed: "closed"
        }
    }
}
