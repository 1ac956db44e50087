// Firecrest — references to a channel and to a message of it that may cross threads.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol
internal import Logging
internal import NIOCore

/// A joined channel, from anywhere: another channel, another thread, another task. Keeps nothing alive.
public struct ChannelRef: Sendable {
    private final class Target {
        weak var cell: AnyChannelCell?
        init(_ cell: AnyChannelCell) { self.cell = cell }
    }

    private let target: NIOLoopBound<Target>

    init(cell: AnyChannelCell, eventLoop: any EventLoop) {
        target = NIOLoopBound(Target(cell), eventLoop: eventLoop)
    }

    private func withCell(_ body: @escaping @Sendable (AnyChannelCell) -> Void) {
        let target = target
        if target.eventLoop.inEventLoop {
            if let cell = target.value.cell { body(cell) }
        } else {
            target.eventLoop.execute { if let cell = target.value.cell { body(cell) } }
        }
    }

    /// `handleInfo` gets `message`. Nothing happens when the channel has ended.
    public func send(_ message: some Sendable) {
        withCell { $0.enqueue(.info(message)) }
    }

    /// Pushes an event to the channel's client.
    public func push(_ event: String, _ payload: Payload) {
        withCell { $0.push(event, .success(payload)) }
    }
}

/// A client's message, to reply to from anywhere, any number of times, also after its channel has ended.
///
/// phoenix.js looks at the first reply only. Nothing is sent once the connection is gone.
public struct ReplyRef: Sendable {
    private final class Target {
        weak var socket: SocketSession?
        init(_ socket: SocketSession) { self.socket = socket }
    }

    private let target: NIOLoopBound<Target>
    private let topic: String
    private let joinRef: Ref
    private let ref: Ref

    init(socket: SocketSession, topic: String, joinRef: Ref, ref: Ref) {
        self.target = NIOLoopBound(Target(socket), eventLoop: socket.loop.eventLoop)
        self.topic = topic
        self.joinRef = joinRef
        self.ref = ref
    }

    /// Sends a reply; `.noReply` and `.stop` send what they carry, if anything.
    ///
    /// - Throws: `PayloadError` when the payload could not be encoded. What the client's serializer cannot carry is an
    ///   error on the connection's loop only; from elsewhere it is logged, and not sent.
    public func reply(_ reply: Reply) throws {
        guard case .reply(let status, let result) = reply.action else { return }
        let payload = try result.get()
        let message = OutboundMessage.reply(
            joinRef: joinRef, ref: ref, topic: .name(topic), status: status, payload: payload)
        let target = target
        if target.eventLoop.inEventLoop {
            try target.value.socket?.send(message)
        } else {
            target.eventLoop.execute {
                guard let socket = target.value.socket else { return }
                do {
                    try socket.send(message)
                } catch {
                    socket.definition.logger.error("A reply could not be encoded.", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
