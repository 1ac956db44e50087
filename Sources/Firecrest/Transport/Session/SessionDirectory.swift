// Firecrest — the way from a request to its session, on whichever loop that lives. Loops are crossed here.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore
internal import NIOPosix

/// Finds sessions by their address. One `execute` there for each request, one back for its answer; none on the same loop.
struct SessionDirectory: Sendable {
    let node: NodeTag
    let tokens: SessionTokens
    let loops: EndpointLoops
    /// For sessions on other nodes.
    var patience = SessionPatience()

    /// The address of a session that begins on a loop.
    func newAddress(on loop: EndpointLoop) -> SessionAddress {
        SessionAddress(
            node: node, loop: UInt16(clamping: loop.index), id: .random(), issuedAt: SessionTokens.now)
    }

    /// Whether the session lives, or lived, in this process.
    func isHere(_ address: SessionAddress) -> Bool {
        address.node == node && loops.ports.indices.contains(Int(address.loop))
    }

    /// Runs `body` on the session's loop, with nil when it is gone. What stands for a session of another node lives on the
    /// loop that asks.
    func reach(_ address: SessionAddress, _ body: @escaping @Sendable ((any RequestedSession)?) -> Void) {
        guard isHere(address) else { return body(remote(address)) }
        loops.ports[Int(address.loop)].run { $0.sessions.find(address.id).map(body) ?? body(nil) }
    }

    private func remote(_ address: SessionAddress) -> RemoteSession? {
        guard address.node != node, let eventLoop = MultiThreadedEventLoopGroup.currentEventLoop,
            let relay = loops.loop(of: eventLoop)?.relay
        else { return nil }
        return RemoteSession(address, relay, patience)
    }
}

extension EndpointLoops.Port {
    /// Runs `body` on the loop: at once when called there.
    func run(_ body: @escaping @Sendable (EndpointLoop) -> Void) {
        if loop.eventLoop.inEventLoop {
            body(loop.value)
        } else {
            loop.eventLoop.execute { body(loop.value) }
        }
    }
}

// MARK: - the calls

extension SessionDirectory {
    /// Asks a session for its messages. The ticket is answered with `.gone` when there is none.
    func poll(_ address: SessionAddress, acknowledged: Int?, by ticket: any PollTicket) {
        reach(address) { session in
            guard let session else { return ticket.answer(.gone) }
            session.poll(ticket, acknowledged: acknowledged)
        }
    }

    func cancel(_ address: SessionAddress, poll id: UInt64) {
        reach(address) { $0?.cancel(poll: id) }
    }

    func undelivered(_ address: SessionAddress, poll id: UInt64) {
        reach(address) { $0?.undelivered(poll: id) }
    }

    /// Brings frames to a session.
    ///
    /// - Parameter reply: called once, on some loop.
    func publish(
        _ address: SessionAddress, _ frames: [PublishBody.Frame],
        reply: @escaping @Sendable (SessionAnswer) -> Void
    ) {
        reach(address) { session in
            guard let session else { return reply(.gone) }
            session.publish(frames, reply: reply)
        }
    }
}
