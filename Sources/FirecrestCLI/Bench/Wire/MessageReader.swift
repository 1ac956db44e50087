// Firecrest — what a server sent, by comparing bytes where it is what we expect, and by parsing where it is not.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// Reads messages of serializer 2.0.0.
///
/// A message in the very bytes that Phoenix or Firecrest would write is recognised without parsing. Anything else, right
/// or wrong, is left to the codec, which decides what it is.
struct MessageReader {
    enum Expected {
        /// An ok reply on the topic of this connection, with the payload of the load.
        case reply(ref: UInt64, Stamp)
        /// A broadcast on that topic, of the expected event, with the payload of the load.
        case broadcast(Stamp)
    }

    private static let broadcast = Array(#"[null,null,""#.utf8)
    private static let reply = Array(#"","phx_reply",{""#.utf8)
    private static let separator = Array(#"",""#.utf8)
    private static let statusFirst = Array(#"status":"ok","response":"#.utf8)
    private static let responseFirst = Array(#"response":"#.utf8)
    private static let end = Array("}]".utf8)
    private static let statusLast = Array(#","status":"ok"}]"#.utf8)

    let payload: LoadPayload
    private let topics: TopicNames
    /// What stands between the topic and the payload of a broadcast.
    private let event: [UInt8]
    let codec = ClientCodec(.v2)

    init(payload: LoadPayload, topics: TopicNames, broadcastEvent: [UInt8]) {
        self.payload = payload
        self.topics = topics
        event = Array(#"",""#.utf8) + broadcastEvent + Array(#"","#.utf8)
    }

    /// `nil` when the message is not byte for byte of one of the two kinds.
    func expected(_ bytes: UnsafeRawBufferPointer, topic: Int32) -> Expected? {
        if bytes.starts(with: FrameBatch.joinRef, at: 0) { return reply(bytes, topic: topic) }
        guard bytes.starts(with: Self.broadcast, at: 0),
            let index = topics.end(of: topic, in: bytes, from: Self.broadcast.count),
            bytes.starts(with: event, at: index), bytes.last == UInt8(ascii: "]")
        else { return nil }
        return stamp(bytes, index + event.count, bytes.count - 1).map { .broadcast($0) }
    }

    private func reply(_ bytes: UnsafeRawBufferPointer, topic: Int32) -> Expected? {
        var index = FrameBatch.joinRef.count
        guard let ref = bytes.decimal(at: &index), bytes.starts(with: Self.separator, at: index),
            let end = topics.end(of: topic, in: bytes, from: index + Self.separator.count),
            bytes.starts(with: Self.reply, at: end)
        else { return nil }
        let start = end + Self.reply.count
        if bytes.starts(with: Self.statusFirst, at: start), bytes.starts(with: Self.end, at: bytes.count - 2) {
            return stamp(bytes, start + Self.statusFirst.count, bytes.count - 2).map { .reply(ref: ref, $0) }
        }
        let last = bytes.count - Self.statusLast.count
        guard bytes.starts(with: Self.responseFirst, at: start), bytes.starts(with: Self.statusLast, at: last) else {
            return nil
        }
        return stamp(bytes, start + Self.responseFirst.count, last).map { .reply(ref: ref, $0) }
    }

    private func stamp(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Stamp? {
        guard start <= end else { return nil }
        return payload.read(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
    }
}
