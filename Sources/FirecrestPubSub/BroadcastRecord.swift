// Firecrest — one broadcast as bytes with a versioned header, the form that adapters carry.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestProtocol
package import NIOCore

/// A broadcast, and its encoded form.
///
/// Layout, integers big-endian: version (1 byte, 1 or 2) · kind (1) · payload kind (1) · flags (1) · message id (8) ·
/// subscriber to leave out, 0 for none (8) · node, topic, event, epoch (each 4 bytes of length, then UTF-8) · offset (8)
/// · payload (4 bytes of length, then its bytes). Version 2 goes on: slow-consumer policy (1) · whether it has a key (1) ·
/// key (4 bytes of length, then UTF-8); a record without a policy of its own is written as version 1, which older nodes
/// read. A reader refuses a version it does not know, and a record that is shorter or longer than its lengths say; fields
/// can be added only with a new version.
package struct BroadcastRecord: Sendable {
    package enum Kind: UInt8, Sendable {
        case broadcast = 0
        /// From our own code on one node to that on another: clients have no part in it.
        case nodeMessage = 1
    }

    package static let version: UInt8 = 1
    package static let versionWithPolicy: UInt8 = 2

    package var kind: Kind
    package var topic: String
    package var event: String
    package var payload: Payload
    /// The node that the broadcast started on.
    package var node: String
    /// Unique per node and start of that node.
    package var messageID: UInt64
    /// The subscriber on `node` that does not get it (`broadcastFrom`).
    package var except: SubscriberID?
    /// Place in the topic's history; 0 where there is none.
    package var offset: UInt64
    /// The history that `offset` counts in; empty where there is none.
    package var epoch: String
    /// What becomes of it where a client does not read; nil: what the client's channel says.
    package var slowConsumers: SlowConsumerPolicy?

    package init(
        kind: Kind = .broadcast, topic: String, event: String, payload: Payload, node: String, messageID: UInt64,
        except: SubscriberID?, slowConsumers: SlowConsumerPolicy? = nil
    ) {
        self.kind = kind
        self.topic = topic
        self.event = event
        self.payload = payload
        self.node = node
        self.messageID = messageID
        self.except = except
        self.offset = 0
        self.epoch = ""
        self.slowConsumers = slowConsumers
    }

    package func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(
            64 + (slowConsumers?.key?.utf8.count ?? 0) + node.utf8.count + topic.utf8.count + event.utf8.count
                + epoch.utf8.count + payload.bytes.readableBytes)
        buffer.writeInteger(slowConsumers == nil ? Self.version : Self.versionWithPolicy)
        buffer.writeInteger(kind.rawValue)
        buffer.writeInteger(payload.kind.rawValue)
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(messageID)
        buffer.writeInteger(except?.rawValue ?? 0)
        for text in [node, topic, event, epoch] {
            buffer.writeInteger(UInt32(clamping: text.utf8.count))
            buffer.writeString(text)
        }
        buffer.writeInteger(offset)
        buffer.writeInteger(UInt32(clamping: payload.bytes.readableBytes))
        buffer.writeImmutableBuffer(payload.bytes)
        if let slowConsumers {
            buffer.writeInteger(slowConsumers.kind.rawValue)
            buffer.writeInteger(UInt8(slowConsumers.key == nil ? 0 : 1))
            buffer.writeInteger(UInt32(clamping: slowConsumers.key?.utf8.count ?? 0))
            buffer.writeString(slowConsumers.key ?? "")
        }
        return buffer
    }

    package init(decoding bytes: ByteBuffer) throws(BroadcastRecordError) {
        var bytes = bytes
        guard let version = bytes.readInteger(as: UInt8.self) else { throw .truncated }
        guard version == Self.version || version == Self.versionWithPolicy else { throw .unknownVersion(version) }
        guard let rawKind = bytes.readInteger(as: UInt8.self), let rawPayloadKind = bytes.readInteger(as: UInt8.self),
            bytes.readInteger(as: UInt8.self) != nil, let messageID = bytes.readInteger(as: UInt64.self),
            let except = bytes.readInteger(as: UInt64.self)
        else { throw .truncated }
        guard let kind = Kind(rawValue: rawKind) else { throw .unknownKind(rawKind) }
        guard let payloadKind = Payload.Kind(rawValue: rawPayloadKind) else { throw .unknownKind(rawPayloadKind) }
        self.kind = kind
        self.messageID = messageID
        self.except = except == 0 ? nil : SubscriberID(rawValue: except)
        self.node = try Self.readText(&bytes)
        self.topic = try Self.readText(&bytes)
        self.event = try Self.readText(&bytes)
        self.epoch = try Self.readText(&bytes)
        guard let offset = bytes.readInteger(as: UInt64.self), let length = bytes.readInteger(as: UInt32.self),
            let payload = bytes.readSlice(length: Int(length))
        else { throw .truncated }
        slowConsumers = version == Self.versionWithPolicy ? try Self.readPolicy(&bytes) : nil
        guard bytes.readableBytes == 0 else { throw .trailingBytes(bytes.readableBytes) }
        self.offset = offset
        self.payload = Payload(kind: payloadKind, bytes: payload)
    }

    /// Where in interest filters the topic of a record is, without a look at the rest of it. nil for what is no record of
    /// a version that is known here.
    static func slot(in bytes: ByteBuffer) -> Int? {
        bytes.withUnsafeReadableBytes { bytes in
            // Up to the lengths: version, kind, payload kind, flags, two ids.
            guard let version = bytes.first, version == Self.version || version == Self.versionWithPolicy,
                let node = length(in: bytes, at: 20), let topic = length(in: bytes, at: 24 + node)
            else { return nil }
            let start = 28 + node
            guard topic <= bytes.count - start else { return nil }
            return InterestFilter.slot(ofUTF8: bytes[start..<(start + topic)])
        }
    }

    /// Whether a record is as long as its lengths say, and of kinds that are known here. Texts and payload are not looked at.
    static func isWhole(_ bytes: ByteBuffer) -> Bool {
        bytes.withUnsafeReadableBytes { bytes in
            guard bytes.count > 20, Kind(rawValue: bytes[1]) != nil, Payload.Kind(rawValue: bytes[2]) != nil else {
                return false
            }
            var index = 20
            // Node, topic, event, epoch; the payload, with the offset before it.
            for before in [0, 0, 0, 0, 8] {
                guard let length = length(in: bytes, at: index + before) else { return false }
                index += before + 4 + length
            }
            if bytes[0] == Self.versionWithPolicy {
                guard let length = length(in: bytes, at: index + 2) else { return false }
                index += 6 + length
            }
            return index == bytes.count
        }
    }

    private static func length(in bytes: UnsafeRawBufferPointer, at index: Int) -> Int? {
        guard index <= bytes.count - 4 else { return nil }
        return Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
    }

    private static func readPolicy(_ bytes: inout ByteBuffer) throws(BroadcastRecordError) -> SlowConsumerPolicy {
        guard let rawKind = bytes.readInteger(as: UInt8.self), let hasKey = bytes.readInteger(as: UInt8.self) else {
            throw .truncated
        }
        guard let kind = SlowConsumerPolicy.Kind(rawValue: rawKind) else { throw .unknownKind(rawKind) }
        let key = try readText(&bytes)
        return SlowConsumerPolicy(kind: kind, key: hasKey == 0 ? nil : key)
    }

    private static func readText(_ bytes: inout ByteBuffer) throws(BroadcastRecordError) -> String {
        guard let length = bytes.readInteger(as: UInt32.self), let text = bytes.readString(length: Int(length)) else {
            throw .truncated
        }
        return text
    }
}

package enum BroadcastRecordError: Error, Hashable, Sendable {
    case truncated
    case trailingBytes(Int)
    case unknownVersion(UInt8)
    case unknownKind(UInt8)
}
