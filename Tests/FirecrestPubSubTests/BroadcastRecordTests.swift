// Firecrest — broadcasts as bytes between nodes
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestPubSub
import NIOCore
import Testing

@Suite("Broadcast record")
struct BroadcastRecordTests {
    static func record(
        topic: String = "room:1", event: String = "new_msg", payload: Payload = .empty, except: SubscriberID? = nil,
        slowConsumers: SlowConsumerPolicy? = nil
    ) -> BroadcastRecord {
        var record = BroadcastRecord(
            topic: topic, event: event, payload: payload, node: "node-a", messageID: 0x0102_0304_0506_0708,
            except: except, slowConsumers: slowConsumers)
        record.offset = 77
        record.epoch = "e1"
        return record
    }

    static func fields(_ record: BroadcastRecord) -> [String] {
        [
            "\(record.kind)", record.topic, record.event, "\(record.payload.kind) \(record.payload)", record.node,
            "\(record.messageID)", "\(record.except.map { "\($0.rawValue)" } ?? "nobody")", "\(record.offset)",
            record.epoch,
            record.slowConsumers.map { "\($0.kind) \($0.key.map { "key \($0)" } ?? "no key")" } ?? "no policy",
        ]
    }

    @Test(
        "comes back as it was",
        arguments: [
            record(),
            record(topic: "", event: ""),
            record(topic: "raum:münchen 🏔", event: "größe"),
            record(payload: Payload.binary(ByteBuffer(bytes: [0, 255, 1, 254]))),
            record(payload: Payload.binary(ByteBuffer())),
            record(except: SubscriberID(rawValue: .max)),
            record(except: SubscriberID(rawValue: 1)),
            record(slowConsumers: .disconnect), record(slowConsumers: .dropOldest),
            record(slowConsumers: .dropNewest), record(slowConsumers: .latest),
            record(slowConsumers: .latest(key: "")), record(slowConsumers: .latest(key: "größe")),
        ])
    func roundTrip(record: BroadcastRecord) throws {
        let decoded = try BroadcastRecord(decoding: record.encoded())
        #expect(Self.fields(decoded) == Self.fields(record))
    }

    @Test("does not depend on where in a buffer it stands")
    func roundTripFromWithin() throws {
        var buffer = ByteBuffer(string: "before")
        buffer.moveReaderIndex(to: buffer.writerIndex)
        buffer.writeImmutableBuffer(Self.record().encoded())
        #expect(Self.fields(try BroadcastRecord(decoding: buffer)) == Self.fields(Self.record()))
    }

    @Test("begins with its version, so that any later reader can tell")
    func versionFirst() {
        #expect(Self.record().encoded().getInteger(at: 0, as: UInt8.self) == 1)
        // What has nothing new to say is said so that older nodes read it.
        #expect(Self.record(slowConsumers: .latest).encoded().getInteger(at: 0, as: UInt8.self) == 2)
    }

    @Test("cut short anywhere it is refused, inside the payload too")
    func truncations() {
        let whole = Self.record(
            topic: "room:lobby", event: "new_msg", payload: Payload.binary(ByteBuffer(string: "some bytes"))
        ).encoded()
        for length in 0..<whole.readableBytes {
            #expect(throws: BroadcastRecordError.truncated, "after \(length) bytes") {
                try BroadcastRecord(decoding: whole.getSlice(at: whole.readerIndex, length: length) ?? ByteBuffer())
            }
        }
    }

    @Test("with bytes after its end it is refused")
    func trailingBytes() {
        var bytes = Self.record().encoded()
        bytes.writeInteger(UInt8(0))
        #expect(throws: BroadcastRecordError.trailingBytes(1)) { try BroadcastRecord(decoding: bytes) }
    }

    @Test("of another version it is refused, whatever follows", arguments: [0, 3, 255] as [UInt8])
    func unknownVersion(version: UInt8) {
        var bytes = Self.record().encoded()
        bytes.setInteger(version, at: bytes.readerIndex)
        #expect(throws: BroadcastRecordError.unknownVersion(version)) { try BroadcastRecord(decoding: bytes) }
        #expect(throws: BroadcastRecordError.unknownVersion(version)) {
            try BroadcastRecord(decoding: ByteBuffer(bytes: [version]))
        }
    }

    @Test("of an unknown kind, or with a payload of an unknown kind, it is refused")
    func unknownKinds() {
        for offset in [1, 2] {
            var bytes = Self.record().encoded()
            bytes.setInteger(UInt8(9), at: bytes.readerIndex + offset)
            #expect(throws: BroadcastRecordError.unknownKind(9)) { try BroadcastRecord(decoding: bytes) }
        }
    }

    @Test("a length of four billion asks for no memory")
    func hugeLengths() {
        let whole = Self.record(topic: "t", event: "e").encoded()
        // Where the lengths of node, topic, event, epoch and payload stand.
        for offset in [20, 30, 35, 40, 54] {
            var bytes = whole
            bytes.setInteger(UInt32.max, at: bytes.readerIndex + offset)
            #expect(throws: BroadcastRecordError.truncated, "length at \(offset)") {
                try BroadcastRecord(decoding: bytes)
            }
        }
    }

    @Test("any bytes decode or throw, and never trap")
    func noise() throws {
        var random = SplitMix(seed: 7)
        let whole = Self.record(payload: try Payload(["a": 1])).encoded()
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes.setInteger(
                    UInt8.random(in: 0...255, using: &random),
                    at: bytes.readerIndex + Int.random(in: 0..<bytes.readableBytes, using: &random))
            }
            _ = try? BroadcastRecord(decoding: bytes)
        }
    }
}

/// A small generator with a seed, so that a failure comes again.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
