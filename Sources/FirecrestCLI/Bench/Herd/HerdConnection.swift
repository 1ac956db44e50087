// Firecrest — one connection of a herd's client.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// Isolation: not Sendable; belongs to its herd's loop.
final class HerdConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case connecting, handshake, open, closed
    }

    private let client: HerdClient
    private var phase = Phase.connecting
    private var context: ChannelHandlerContext?
    private var reader: HandshakeReader?
    private var decoder = MessageDecoder(role: .client, limits: BenchConnection.limits, compression: nil)

    init(_ client: HerdClient) {
        self.client = client
    }

    func send(_ text: String) {
        guard phase == .open else { return }
        client.herd.batch.append(.text, ByteBuffer(string: text))
        flush()
    }

    private func flush() {
        guard !client.herd.batch.isEmpty else { return }
        context?.writeAndFlush(wrapOutboundOut(client.herd.batch.bytes), promise: nil)
        client.herd.batch.clear()
    }

    /// Nobody hears of it.
    func drop() {
        phase = .closed
        context?.close(promise: nil)
        context = nil
    }

    /// The connection could not be had.
    func cannotConnect() {
        guard phase == .connecting else { return }
        phase = .closed
        client.failed()
    }

    // MARK: from the channel

    func channelActive(context: ChannelHandlerContext) {
        guard phase == .connecting else { return context.close(promise: nil) }
        self.context = context
        phase = .handshake
        let handshake = client.herd.makeHandshake()
        reader = HandshakeReader(handshake)
        context.writeAndFlush(wrapOutboundOut(handshake.request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if phase == .handshake {
            guard let rest = readAnswer(bytes) else { return }
            bytes = rest
        }
        do throws(WebSocketError) {
            while phase == .open, let event = try decoder.next(&bytes, inflater: { Inflater() }) { take(event) }
        } catch {
            end(nil)
        }
    }

    private func readAnswer(_ bytes: ByteBuffer) -> ByteBuffer? {
        do throws(ConsoleError) {
            guard let answer = try reader?.read(bytes) else { return nil }
            _ = try answer.outcome.get()
            reader = nil
            phase = .open
            client.opened()
            return answer.rest
        } catch {
            drop()
            client.failed()
            return nil
        }
    }

    private func take(_ event: WebSocketEvent) {
        switch event {
        case .message(_, let payload): client.received(payload)
        case .ping(let payload):
            client.herd.batch.append(.pong, payload)
            flush()
        case .pong: break
        case .close(let code, _):
            // As browsers do: the same code back.
            client.herd.batch.append(
                .close,
                FrameEncoder.closeBody(code ?? .normal, reason: "", allocator: ByteBufferAllocator()))
            flush()
            end(code?.rawValue)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { end(nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(nil) }

    private func end(_ code: UInt16?) {
        let last = phase
        drop()
        switch last {
        case .open: client.ended(code)
        case .handshake: client.failed()
        case .connecting, .closed: break
        }
    }
}

@available(*, unavailable)
extension HerdConnection: Sendable {}
