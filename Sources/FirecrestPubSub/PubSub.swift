// Firecrest — topics of the whole process: the one way in for every broadcast.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestProtocol
package import NIOCore
internal import Synchronization

/// One event loop as pubsub sees it. The only way from here to a loop's state.
package protocol LoopPort: Sendable {
    /// Hands a broadcast to the loop's `LoopTopics`, at once when called on that loop. Calls from one thread arrive in
    /// order.
    func submit(_ broadcast: Broadcast)

    /// Broadcasts of other nodes may be missing between what was submitted before and what comes after.
    func submitGap()
}

/// Topics and broadcasts of one process.
///
/// Everything here may be called from any thread.
package final class PubSub: Sendable {
    package let node: String
    package let serializers: [any Serializer]
    package let usage: SerializerUsage
    /// Stands for this life of this node in the ids of broadcasts.
    package let epoch: UInt64
    private let adapter: any PubSubAdapter
    /// There are no other nodes: no record is encoded for them.
    private let isAlone: Bool
    private let loops: [(port: any LoopPort, interest: InterestFilter)]
    private let lastMessageID: Atomic<UInt64>

    /// - Parameters:
    ///   - epoch: another one at every start of a process.
    ///   - unreadable: told of each record of another node that means nothing here, on the adapter's thread.
    package init(
        node: String,
        serializers: [any Serializer],
        usage: SerializerUsage,
        epoch: UInt64 = .random(in: .min ... .max),
        adapter: any PubSubAdapter = LocalAdapter(),
        loops: [(port: any LoopPort, interest: InterestFilter)],
        unreadable: @escaping @Sendable (any Error) -> Void = { _ in }
    ) {
        self.epoch = epoch
        self.node = node
        self.serializers = serializers
        self.usage = usage
        self.adapter = adapter
        isAlone = adapter is LocalAdapter
        self.loops = loops
        self.lastMessageID = Atomic(0)
        adapter.attach { [weak self] bytes in
            do {
                try self?.receive(bytes)
            } catch {
                unreadable(error)
                throw error
            }
        }
        adapter.onGap { [weak self] in
            for loop in self?.loops ?? [] { loop.port.submitGap() }
        }
    }

    /// Sends an event to every subscriber of a topic, on all nodes.
    ///
    /// When this returns, the broadcast is queued on every loop that has subscribers; on the calling loop up to a slice
    /// of them has it already.
    ///
    /// Clients whose serializer has no form for this payload (bytes, with 1.0.0; in JSON, a term with bytes in it that are no
    /// text) do not get it: whoever else is connected must not decide whether a broadcast works.
    ///
    /// - Parameter locally: only to the subscribers of this node.
    /// - Throws: `PayloadError` when the payload is wrong for every client, or the adapter's error. Nothing has been sent
    ///   then.
    package func broadcast(
        topic: String, event: String, payload: Payload, except: SubscriberID? = nil,
        slowConsumers: SlowConsumerPolicy? = nil, locally: Bool = false
    ) throws {
        try send(
            .broadcast, topic, event, payload, except: except, slowConsumers: slowConsumers, locally: locally)
    }

    /// Sends to our own code, here and on other nodes, whatever subscribed to a topic that no client can join. No frames
    /// are made of it, so the payload may be of any kind.
    ///
    /// - Throws: the adapter's error. Nothing has been sent then.
    package func sendToNodes(topic: String, event: String, payload: Payload) throws {
        try send(.nodeMessage, topic, event, payload, except: nil)
    }

    private func send(
        _ kind: BroadcastRecord.Kind, _ topic: String, _ event: String, _ payload: Payload, except: SubscriberID?,
        slowConsumers: SlowConsumerPolicy? = nil, locally: Bool = false
    ) throws {
        let record = BroadcastRecord(
            kind: kind, topic: topic, event: event, payload: payload, node: node,
            messageID: lastMessageID.wrappingAdd(1, ordering: .relaxed).newValue, except: except,
            slowConsumers: slowConsumers)
        let broadcast = try encode(record)
        if !isAlone, !locally { try adapter.publish(record.encoded(), topic: topic) }
        dispatch(broadcast)
    }

    /// A broadcast of another node, as its adapter delivered it.
    ///
    /// Other nodes send everything, and most of it may concern nobody here: that is found out from the topic alone, before
    /// the rest is read and judged. Of such a record only its lengths are looked at, so that one that is cut is known.
    ///
    /// - Throws: `BroadcastRecordError` or `PayloadError`; whoever called goes on with the next.
    package func receive(_ bytes: ByteBuffer) throws {
        if let slot = BroadcastRecord.slot(in: bytes), !loops.contains(where: { $0.interest.mayContain(slot) }),
            BroadcastRecord.isWhole(bytes)
        {
            return
        }
        var record = try BroadcastRecord(decoding: bytes)
        // It may go to clients as it is, whose decoders take no half of one.
        try record.payload.checkTerm()
        // Ids of subscribers mean something on their own node only.
        record.except = nil
        dispatch(try encode(record))
    }

    private func encode(_ record: BroadcastRecord) throws(PayloadError) -> Broadcast {
        let epoch = epoch(of: record.node)
        guard record.kind == .broadcast else { return Broadcast(record: record, frames: [], epoch: epoch) }
        guard record.payload.kind == .binary || record.payload.isObject else {
            throw PayloadError(
                code: .notAnObject,
                detail: "broadcast \"\(record.event)\" carries JSON that is no object; broadcasts must carry one")
        }
        let message = OutboundMessage.broadcast(topic: record.topic, event: record.event, payload: record.payload)
        var frames: [EncodedFrame?] = []
        frames.reserveCapacity(serializers.count)
        // The other form of the payload, once for all who need it.
        var transcoded: Result<OutboundMessage, PayloadError>?
        for (index, serializer) in serializers.enumerated() {
            guard usage.isUsed(index) else {
                frames.append(nil)
                continue
            }
            guard message.payload.kind != .binary, message.payload.kind != serializer.structuredKind else {
                frames.append(try frame(message, with: serializer))
                continue
            }
            let other = transcoded ?? Self.formed(message, for: serializer)
            transcoded = other
            if case .success(let message) = other {
                frames.append(try frame(message, with: serializer))
            } else {
                frames.append(nil)
            }
        }
        return Broadcast(record: record, frames: frames, epoch: epoch)
    }

    private static func formed(
        _ message: OutboundMessage, for serializer: any Serializer
    ) -> Result<OutboundMessage, PayloadError> {
        do throws(PayloadError) {
            return .success(try message.formed(for: serializer))
        } catch {
            return .failure(error)
        }
    }

    /// Numbers of another node are not ours, and what was known of them is forgotten with our own.
    private func epoch(of node: String) -> UInt64 {
        node == self.node ? epoch : epoch ^ NameHash.value(of: node)
    }

    private func frame(
        _ message: OutboundMessage, with serializer: any Serializer
    ) throws(PayloadError) -> EncodedFrame? {
        do throws(PayloadError) {
            return try EncodedFrame(message, with: serializer)
        } catch {
            guard error.code == .kindNotSupported else { throw error }
            return nil
        }
    }

    private func dispatch(_ broadcast: Broadcast) {
        let slot = InterestFilter.slot(of: broadcast.record.topic)
        for loop in loops where loop.interest.mayContain(slot) {
            loop.port.submit(broadcast)
        }
    }
}
