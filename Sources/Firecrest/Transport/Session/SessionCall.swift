// Firecrest — what requests ask of a session, and what it answers. These values cross loops and nodes.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// A session's answer to a request.
enum SessionAnswer: Sendable {
    /// To a poll: frames as JSON strings, oldest first. None: nothing came within the window.
    case messages([ByteBuffer])
    /// To a publish: every frame was handled.
    case done
    /// To a publish: not every frame could be handled in time.
    case busy
    /// There is no such session (any more).
    case gone
}

/// A poll, as the session sees it: whom to give the messages to, and whether they arrived.
protocol PollTicket: Sendable {
    /// Tells polls of one session apart.
    var id: UInt64 { get }

    /// Called on the session's loop, once. When it cannot be delivered the session is told with `undelivered`.
    func answer(_ answer: SessionAnswer)

    /// Whether the answer reached the client. `reply` is called on the session's loop, later or at once.
    func askReceived(_ reply: @escaping @Sendable (Bool) -> Void)
}

/// A socket that requests come to: found by its id on its home loop.
///
/// Isolation: belongs to its loop.
protocol RequestedSession: AnyObject {
    /// - Parameter acknowledged: how many batches the client says it has; nil when it says nothing.
    func poll(_ ticket: any PollTicket, acknowledged: Int?)
    /// Nobody waits for this poll's answer any more.
    func cancel(poll id: UInt64)
    /// The answer to this poll could not be given to anybody.
    func undelivered(poll id: UInt64)
    /// - Parameter reply: called on the session's loop, once.
    func publish(_ frames: [PublishBody.Frame], reply: @escaping (SessionAnswer) -> Void)
    /// The endpoint stops.
    func shutDown()
    /// With whom it is sent away when the endpoint stops; nil where a connection of its own says that.
    var ownDrainGroup: ObjectIdentifier? { get }
}

extension RequestedSession {
    var ownDrainGroup: ObjectIdentifier? { nil }
}
