// Firecrest — who a connected client is.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestPubSub
internal import Tracing

/// What `connect`, or `refresh`, and `id` and `grant` said about a client.
struct SocketIdentity: Sendable {
    typealias Trace = InstrumentationContext

    var assigns = Assigns()
    /// nil for a socket that cannot be named from outside.
    var id: String?
    /// The trace of the connect, where somebody traces.
    var trace: InstrumentationContext?
    /// nil: everything, for ever.
    var grant: SocketGrant?
}

/// Listens on the topic that is named like the socket's id: the event `disconnect` there ends the connection, from
/// whichever node it comes. Other events mean nothing here.
final class DisconnectSubscription: Subscriber {
    static let event = "disconnect"

    let id: SubscriberID
    var serializerIndex: Int? { nil }
    var place = SubscriberPlace()
    private weak var session: SocketSession?

    init(_ session: SocketSession) {
        self.session = session
        id = session.loop.topics.makeID()
    }

    func receive(_ delivery: Delivery) {
        if delivery.record.event == Self.event { session?.disconnected() }
    }
}
