// Firecrest — what one node asks another about a session, as bytes.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import NIOCore

/// The body of a call or a notice between nodes; `NodeMessage` has the version.
///
/// Layout, integers big-endian: kind (1 byte) · address (35) · by kind:
///
/// - poll (0): the poll's id (8) · 1 if batches are acknowledged, else 0 (1) · how many (8)
/// - publish (1): frames to the end, each its kind (1: text 0, binary 1) · length (4) · bytes
/// - received (2), undelivered (3): the poll's id (8)
///
/// A reader refuses what it does not know, and a body that is shorter or longer than it says.
enum SessionQuestion: Sendable {
    /// To the session's node: a call, answered with a `SessionAnswer`.
    case poll(SessionAddress, id: UInt64, acknowledged: Int?)
    /// To the session's node: a call, answered with a `SessionAnswer`.
    case publish(SessionAddress, [PublishBody.Frame])
    /// From the session's node: a call, answered with whether this poll's answer reached the client.
    case received(SessionAddress, id: UInt64)
    /// To the session's node: a notice that this poll's answer could not be given to anybody.
    case undelivered(SessionAddress, id: UInt64)

    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .poll(let address, let id, let acknowledged):
            buffer.writeInteger(UInt8(0))
            address.write(to: &buffer)
            buffer.writeInteger(id)
            buffer.writeInteger(UInt8(acknowledged == nil ? 0 : 1))
            buffer.writeInteger(Int64(acknowledged ?? 0))
        case .publish(let address, let frames):
            buffer.reserveCapacity(36 + frames.reduce(0) { $0 + 5 + $1.content.readableBytes })
            buffer.writeInteger(UInt8(1))
            address.write(to: &buffer)
            for frame in frames {
                buffer.writeInteger(UInt8(frame.kind == .text ? 0 : 1))
                buffer.writeSized(frame.content)
            }
        case .received(let address, let id), .undelivered(let address, let id):
            if case .received = self { buffer.writeInteger(UInt8(2)) } else { buffer.writeInteger(UInt8(3)) }
            address.write(to: &buffer)
            buffer.writeInteger(id)
        }
        return buffer
    }

    /// nil for anything that `encoded` does not make.
    init?(decoding bytes: ByteBuffer) {
        var bytes = bytes
        guard let kind = bytes.readInteger(as: UInt8.self), let address = SessionAddress.read(from: &bytes)
        else { return nil }
        switch kind {
        case 0:
            guard let id = bytes.readInteger(as: UInt64.self), let isAcknowledged = bytes.readInteger(as: UInt8.self),
                isAcknowledged <= 1, let count = bytes.readInteger(as: Int64.self), count >= 0
            else { return nil }
            self = .poll(address, id: id, acknowledged: isAcknowledged == 1 ? Int(count) : nil)
        case 1:
            var frames: [PublishBody.Frame] = []
            while bytes.readableBytes > 0 {
                guard frames.count < PublishBody.maxLines, let kind = bytes.readInteger(as: UInt8.self), kind <= 1,
                    let content = bytes.readSized()
                else { return nil }
                frames.append(PublishBody.Frame(content: content, kind: kind == 0 ? .text : .binary))
            }
            self = .publish(address, frames)
        case 2, 3:
            guard let id = bytes.readInteger(as: UInt64.self) else { return nil }
            self = kind == 2 ? .received(address, id: id) : .undelivered(address, id: id)
        default: return nil
        }
        guard bytes.readableBytes == 0 else { return nil }
    }
}

extension ByteBuffer {
    /// Four bytes of length, then the bytes.
    fileprivate mutating func writeSized(_ content: ByteBuffer) {
        writeInteger(UInt32(clamping: content.readableBytes))
        writeImmutableBuffer(content)
    }

    /// Memory of its own: what is kept does not hold the message it came in.
    fileprivate mutating func readSized() -> ByteBuffer? {
        guard let length = readInteger(as: UInt32.self), let slice = readSlice(length: Int(length)) else { return nil }
        return ByteBuffer(bytes: slice.readableBytesView)
    }
}

extension SessionAnswer {
    /// Layout: kind (1 byte: messages 0, done 1, busy 2, gone 3); messages follow to the end, each its length (4) and bytes.
    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        switch self {
        case .messages(let messages):
            buffer.reserveCapacity(messages.reduce(1) { $0 + 4 + $1.readableBytes })
            buffer.writeInteger(UInt8(0))
            for message in messages { buffer.writeSized(message) }
        case .done: buffer.writeInteger(UInt8(1))
        case .busy: buffer.writeInteger(UInt8(2))
        case .gone: buffer.writeInteger(UInt8(3))
        }
        return buffer
    }

    /// nil for anything that `encoded` does not make.
    init?(decoding bytes: ByteBuffer) {
        var bytes = bytes
        switch bytes.readInteger(as: UInt8.self) {
        case 0:
            var messages: [ByteBuffer] = []
            while bytes.readableBytes > 0 {
                guard let message = bytes.readSized() else { return nil }
                messages.append(message)
            }
            self = .messages(messages)
        case 1: self = .done
        case 2: self = .busy
        case 3: self = .gone
        default: return nil
        }
        guard bytes.readableBytes == 0 else { return nil }
    }
}
