// Firecrest — what carries broadcasts between nodes.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Carries broadcasts to the other nodes.
///
/// A broadcast reaches this node's own subscribers only after `publish` returned, as in Phoenix: an adapter that cannot
/// send makes the broadcast fail as a whole. What arrives from other nodes goes to `PubSub.receive`.
package protocol PubSubAdapter: Sendable {
    /// - Parameter record: an encoded `BroadcastRecord`.
    func publish(_ record: ByteBuffer, topic: String) throws

    /// Says whom to give the records of other nodes to. Called once, before the first `publish`.
    ///
    /// - Parameter receive: may be called from any thread; records of one node in the order in which it published them.
    ///   It throws for a record that means nothing here, which is logged and counted by then: go on with the next.
    func attach(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void)

    /// Says whom to tell that records of other nodes may have been lost on their way here. Called once, before the first
    /// `publish`. An adapter that loses nothing that it knows of has no use for it, which is what is there without it.
    ///
    /// - Parameter tell: called where the records would have stood among those given to `receive`.
    func onGap(_ tell: @escaping @Sendable () -> Void)
}

extension PubSubAdapter {
    package func onGap(_ tell: @escaping @Sendable () -> Void) {}
}

/// The adapter of a single process: there are no other nodes.
package struct LocalAdapter: PubSubAdapter {
    package init() {}

    package func publish(_ record: ByteBuffer, topic: String) throws {}

    package func attach(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void) {}
}
