// Firecrest — connections that somebody else accepts for this endpoint.
// SPDX-License-Identifier: Apache-2.0

/// Hands over connected sockets, as a supervising process does that accepts for its workers.
package protocol ConnectionSource: AnyObject, Sendable {
    /// What the clients connected to, as `Endpoint.run(onListening:)` tells it.
    var address: String { get }

    /// Begins to hand over connections. Called once.
    ///
    /// - Parameter take: gets a connected stream socket, closed on exec, which belongs to the callee then. May be called from
    ///   any one thread.
    func start(_ take: @escaping @Sendable (CInt) -> Void) throws

    /// One that was handed over had gone before it could become a connection.
    func lost()

    /// Ends it. `take` is not called after this has returned; what had been accepted for this endpoint by then has been
    /// handed over.
    func stop() async
}

/// A source as part of a `ListenAddress`: equal only to itself.
package struct HandedDown: Sendable, Hashable {
    package let source: any ConnectionSource

    package static func == (one: HandedDown, other: HandedDown) -> Bool { one.source === other.source }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(source)) }
}
