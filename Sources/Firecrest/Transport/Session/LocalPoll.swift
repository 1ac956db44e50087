// Firecrest — a poll that came to this node: its request on one loop, its session perhaps on another.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore
internal import Synchronization

/// The two ends of a poll. Made on the loop of the request; the session's loop holds it as a ticket.
final class LocalPoll: PollTicket {
    private static let lastID = Atomic<UInt64>(0)

    let id: UInt64
    private let exchange: NIOLoopBound<HTTPExchange>
    private let reopen: NIOLoopBound<(HTTPExchange) -> Void>
    private let token: String
    private let address: SessionAddress
    private let directory: SessionDirectory
    private let home: any EventLoop

    /// - Parameter reopen: called on the request's loop when there is no session.
    init(
        _ exchange: HTTPExchange, token: String, address: SessionAddress, directory: SessionDirectory,
        on loop: LoopContext, reopen: @escaping (HTTPExchange) -> Void
    ) {
        id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
        self.exchange = NIOLoopBound(exchange, eventLoop: loop.eventLoop)
        self.reopen = NIOLoopBound(reopen, eventLoop: loop.eventLoop)
        self.token = token
        self.address = address
        self.directory = directory
        home = directory.isHere(address) ? directory.loops.ports[Int(address.loop)].loop.eventLoop : loop.eventLoop
        exchange.onGone = { [id] in directory.cancel(address, poll: id) }
    }

    func answer(_ answer: SessionAnswer) {
        exchange.eventLoop.runHere { [self] in
            let exchange = exchange.value
            guard exchange.isOpen else {
                if case .messages(let frames) = answer, !frames.isEmpty { directory.undelivered(address, poll: id) }
                return
            }
            exchange.onGone = nil
            if case .messages(let frames) = answer {
                exchange.respond(LongPollBody.messages(frames, token: token))
            } else {
                reopen.value(exchange)
            }
        }
    }

    func askReceived(_ reply: @escaping @Sendable (Bool) -> Void) {
        exchange.eventLoop.runHere { [self] in
            let received = exchange.value.wasReceived
            home.runHere { reply(received) }
        }
    }
}
