// Firecrest — a session of another node, as it looks from here.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore

/// Stands for a session where a request came that is not for this node: passes on what is asked.
///
/// Isolation: belongs to the request's loop, and calls back there.
final class RemoteSession: RequestedSession {
    private let address: SessionAddress
    private let relay: SessionRelay
    private let patience: SessionPatience

    init(_ address: SessionAddress, _ relay: SessionRelay, _ patience: SessionPatience) {
        self.address = address
        self.relay = relay
        self.patience = patience
    }

    func poll(_ ticket: any PollTicket, acknowledged: Int?) {
        relay.poll(address, ticket, acknowledged: acknowledged, patience)
    }

    func cancel(poll id: UInt64) {
        relay.cancel(poll: id)
    }

    func undelivered(poll id: UInt64) {
        relay.undelivered(address, poll: id)
    }

    func publish(_ frames: [PublishBody.Frame], reply: @escaping (SessionAnswer) -> Void) {
        relay.publish(address, frames, patience, reply: reply)
    }

    /// The session is its own node's to end.
    func shutDown() {}
}

@available(*, unavailable)
extension RemoteSession: Sendable {}
